package dev.heddle.cli.client;

import dev.heddle.internal.v1.CatalogEntry;
import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogWatchRequest;
import dev.heddle.process.HostPort;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks the catalog which nodes live; for a cluster without a secret, or from one of its nodes. */
public final class NodesGrpcClient {
  private static final String PREFIX = "node/";

  private final ClusterGrpcClient cluster;
  private final HostPort internal;
  private final Duration timeout;

  /**
   * @param internal the internal services of the node with the catalog
   */
  public NodesGrpcClient(ClusterGrpcClient cluster, HostPort internal, Duration timeout) {
    this.cluster = cluster;
    this.internal = internal;
    this.timeout = timeout;
  }

  /** Sorted by id. */
  public List<NodeInfo> list() {
    ManagedChannel channel =
        Grpc.newChannelBuilder(internal.toString(), InsecureChannelCredentials.create()).build();
    try (Context.CancellableContext watch = Context.current().withCancellation()) {
      CatalogEvents first = watch.call(() -> cluster.call(() -> snapshot(channel)));
      return first.getChangedList().stream()
          .filter(entry -> entry.getKey().startsWith(PREFIX))
          .map(NodesGrpcClient::info)
          .sorted(Comparator.comparing(NodeInfo::node))
          .toList();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw cluster.failure(e);
    } finally {
      channel.shutdownNow();
    }
  }

  private CatalogEvents snapshot(ManagedChannel channel) {
    return CatalogGrpc.newBlockingStub(channel)
        .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
        .watch(CatalogWatchRequest.getDefaultInstance())
        .next();
  }

  private static NodeInfo info(CatalogEntry entry) {
    JsonNode node = JsonMapper.shared().readTree(entry.getValue());
    return new NodeInfo(
        node.path("node").asString(entry.getKey().substring(PREFIX.length())),
        node.path("roles").valueStream().map(JsonNode::asString).sorted().toList(),
        node.path("internal").asString(""),
        node.path("grpc").asString(""),
        node.path("http").asString(""));
  }
}
