package dev.heddle.engine;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.internal.v1.BlobsGrpc;
import dev.heddle.internal.v1.GetBlobRequest;
import dev.heddle.internal.v1.PutBlobRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Code from this node's blob store, or else pulled from a leaf that has it, checked, and kept. Also
 * spreads new code over the leaves. Blocks, no longer than the deadline of the call that it works
 * for; safe for many threads.
 */
public final class PeerBlobsGrpcClient implements CodeSource {
  /** Copies of a blob before anything may name it; fewer where there are fewer leaves. */
  private static final int COPIES = 2;

  private static final Logger log = LoggerFactory.getLogger(PeerBlobsGrpcClient.class);

  private final String node;
  private final BlobStore local;
  private final CatalogClient catalog;
  private final Channels channels;
  private final Duration timeout;

  /**
   * Creates a source.
   *
   * @param node this node, which is not asked over the network
   * @param timeout for each peer
   */
  public PeerBlobsGrpcClient(
      String node, BlobStore local, CatalogClient catalog, Channels channels, Duration timeout) {
    this.node = node;
    this.local = local;
    this.catalog = catalog;
    this.channels = channels;
    this.timeout = timeout;
  }

  @Override
  public byte[] fetch(String digest) {
    var here = local.get(digest);
    if (here.isPresent()) {
      return here.get();
    }
    List<String> tried = new ArrayList<>();
    for (var peer : peers()) {
      try {
        var response = stub(peer).get(GetBlobRequest.newBuilder().setDigest(digest).build());
        if (response.hasContent()) {
          byte[] content = response.getContent().toByteArray();
          keep(digest, content);
          return content;
        }
        tried.add(peer.node() + ": not there");
      } catch (StatusRuntimeException e) {
        tried.add(peer.node() + ": " + e.getStatus());
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE,
        "code " + digest + ": not found (expected: on a leaf; asked " + tried + ")");
  }

  /** A store without room for more is no reason to have no code. */
  private void keep(String digest, byte[] content) {
    try {
      local.put(digest, content);
    } catch (HeddleException e) {
      if (e.code() != ErrorCode.LIMIT_REACHED) {
        throw e;
      }
      log.warn("code not kept digest={} reason={}", digest, e.getMessage());
    }
  }

  /**
   * Stores the code on leaves; returns once enough have it on disk.
   *
   * @return the nodes that have it
   */
  public List<String> spread(String digest, byte[] content) {
    var leaves = catalog.view().nodesWith("leaf");
    int wanted = Math.min(COPIES, leaves.size());
    List<String> holders = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    var request =
        PutBlobRequest.newBuilder()
            .setDigest(digest)
            .setContent(UnsafeByteOperations.unsafeWrap(content))
            .build();
    for (var leaf : leaves) {
      if (holders.size() == wanted) {
        break;
      }
      try {
        var _ = stub(leaf).put(request);
        holders.add(leaf.node());
      } catch (StatusRuntimeException e) {
        failures.add(leaf.node() + ": " + e.getStatus());
      }
    }
    if (holders.isEmpty() || holders.size() < wanted) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "copies of the code: "
              + holders.size()
              + " (expected: "
              + Math.max(1, wanted)
              + "; "
              + failures
              + ")");
    }
    return holders;
  }

  /** In no order, so that one which hangs is not always the first to be waited for. */
  private List<NodeRecord> peers() {
    var peers = new ArrayList<>(catalog.view().nodesWith("leaf"));
    peers.removeIf(peer -> peer.node().equals(node));
    Collections.shuffle(peers, ThreadLocalRandom.current());
    return peers;
  }

  private BlobsGrpc.BlobsBlockingStub stub(NodeRecord leaf) {
    return BlobsGrpc.newBlockingStub(channels.to(leaf.internal()))
        .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }
}
