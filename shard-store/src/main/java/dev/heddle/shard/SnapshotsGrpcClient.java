package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.internal.v1.FetchSnapshotRequest;
import dev.heddle.internal.v1.SnapshotChunk;
import dev.heddle.internal.v1.SnapshotsGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Fetches the last commit of a shard from the node that leads it. Safe for any thread. */
final class SnapshotsGrpcClient {
  /** Messages that may wait for the disk. */
  private static final int WINDOW = 4;

  private final Function<String, Optional<String>> addresses;
  private final Channels channels;
  private final Duration stall;

  /**
   * @param stall without a message for so long, a fetch fails; 10s is a good one
   */
  SnapshotsGrpcClient(CatalogClient catalog, Channels channels, Duration stall) {
    this(node -> catalog.view().node(node).map(NodeRecord::internal), channels, stall);
  }

  /**
   * @param addresses host:port of the internal services of a node; empty: it does not live
   */
  SnapshotsGrpcClient(
      Function<String, Optional<String>> addresses, Channels channels, Duration stall) {
    if (!stall.isPositive()) {
      throw new IllegalArgumentException(
          "stall: " + DurationFormat.format(stall) + " (expected: > 0)");
    }
    this.addresses = addresses;
    this.channels = channels;
    this.stall = stall;
  }

  /**
   * Copies the commit into a folder, which is emptied first, and ends with the marker {@link
   * IncomingSnapshot#COMPLETE} there. Everything is on disk on return. After a failure the folder
   * is empty, or has no marker.
   *
   * @param group of the shard
   * @param progress told the part that is there, 0..1, by this thread
   * @return what of the log the commit holds; {@link LogPosition#NONE}: there is no commit yet, the
   *     log has everything, and the folder stays empty, without a marker
   * @throws IOException if the node cannot be asked, sends nothing for too long or something that
   *     is no commit, or if the disk does not take it
   */
  LogPosition fetch(String leaderNode, UUID group, Path into, DoubleConsumer progress)
      throws IOException, InterruptedException {
    String address =
        addresses
            .apply(leaderNode)
            .orElseThrow(
                () -> new IOException("node: " + leaderNode + " (expected: one that lives)"));
    IncomingSnapshot.empty(into);
    try {
      return receive(address, group, into, progress);
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      try {
        // The disk may have been too small for it.
        IncomingSnapshot.empty(into);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private LogPosition receive(String address, UUID group, Path into, DoubleConsumer progress)
      throws IOException, InterruptedException {
    Chunks chunks = new Chunks();
    try (SnapshotWriting writing = new SnapshotWriting(into, progress)) {
      SnapshotsGrpc.newStub(channels.to(address))
          .fetch(FetchSnapshotRequest.newBuilder().setGroup(group.toString()).build(), chunks);
      for (SnapshotChunk chunk = next(chunks); chunk != null; chunk = next(chunks)) {
        switch (chunk.getKindCase()) {
          case HEADER ->
              writing.begin(
                  new LogPosition(chunk.getHeader().getTerm(), chunk.getHeader().getIndex()),
                  chunk.getHeader().getFiles(),
                  chunk.getHeader().getBytes());
          case FILE -> writing.open(chunk.getFile().getName(), chunk.getFile().getBytes());
          case DATA -> writing.write(chunk.getData().asReadOnlyByteBuffer());
          case CHECKSUM -> writing.close(chunk.getChecksum());
          case KIND_NOT_SET -> throw new IOException("snapshot: message of an unknown kind");
        }
      }
      return writing.finish();
    } catch (HeddleException e) {
      throw new IOException(
          "snapshot of group " + group + " from " + address + ": " + e.getMessage(), e);
    } finally {
      chunks.cancel();
    }
  }

  /** Null: that was all. */
  private @Nullable SnapshotChunk next(Chunks chunks) throws InterruptedException, IOException {
    Event event = chunks.events.poll(stall.toNanos(), TimeUnit.NANOSECONDS);
    return switch (event) {
      case null ->
          throw new IOException(
              "snapshot: nothing came for "
                  + DurationFormat.format(stall)
                  + " (expected: the next part)");
      case Event.Message(SnapshotChunk chunk) -> {
        chunks.more();
        yield chunk;
      }
      case Event.Failed(Throwable cause) -> throw GrpcErrors.fromStatus(cause);
      case Event.Ended() -> null;
    };
  }

  /** What a call came to next. */
  private sealed interface Event {
    record Message(SnapshotChunk chunk) implements Event {}

    record Failed(Throwable cause) implements Event {}

    record Ended() implements Event {}
  }

  /** The events of a call, handed from the event loop to the thread that fetches. */
  private static final class Chunks
      implements ClientResponseObserver<FetchSnapshotRequest, SnapshotChunk> {
    /** As many messages as were asked for, and the end. */
    final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>(WINDOW + 1);

    private volatile @Nullable ClientCallStreamObserver<FetchSnapshotRequest> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<FetchSnapshotRequest> stream) {
      call = stream;
      stream.disableAutoRequestWithInitial(WINDOW);
    }

    /** Asks for one more message. */
    void more() {
      ClientCallStreamObserver<FetchSnapshotRequest> started = call;
      if (started != null) {
        started.request(1);
      }
    }

    /** Of no effect where the call has ended. */
    void cancel() {
      ClientCallStreamObserver<FetchSnapshotRequest> started = call;
      if (started != null) {
        started.cancel("fetch is over", null);
      }
    }

    @Override
    public void onNext(SnapshotChunk chunk) {
      events.add(new Event.Message(chunk));
    }

    @Override
    public void onError(Throwable cause) {
      events.add(new Event.Failed(cause));
    }

    @Override
    public void onCompleted() {
      events.add(new Event.Ended());
    }
  }
}
