package dev.heddle.shard;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.internal.v1.FetchSnapshotRequest;
import dev.heddle.internal.v1.SnapshotChunk;
import dev.heddle.internal.v1.SnapshotFile;
import dev.heddle.internal.v1.SnapshotHeader;
import dev.heddle.internal.v1.SnapshotsGrpc;
import dev.heddle.process.DrainableService;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the last commits of this node's shards, each from a virtual thread of its own, as fast as
 * the receiver takes them: little more than one chunk is in memory. Safe for any thread.
 */
final class SnapshotsGrpcService extends SnapshotsGrpc.SnapshotsImplBase
    implements DrainableService {
  private static final Logger log = LoggerFactory.getLogger(SnapshotsGrpcService.class);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** A cancelled call need not be told of: its thread looks by itself. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Bytes of a file in one message at most. */
  static final int CHUNK = 256 << 10;

  private final Function<UUID, Optional<HeldCommit>> hold;
  private final int most;
  private final Duration patience;
  private final Semaphore places;
  private final Set<Sending> running = ConcurrentHashMap.newKeySet();
  private final ThreadFactory threads = Threads.virtual("snapshot-send");
  private volatile boolean draining;

  /**
   * @param hold the last commit of a group's shard, to be closed by this; empty: it is not here
   * @param most commits that are sent at once; beyond: LIMIT_REACHED
   */
  SnapshotsGrpcService(Function<UUID, Optional<HeldCommit>> hold, int most) {
    this(hold, most, PATIENCE);
  }

  /**
   * @param patience a receiver that takes nothing for so long is given up
   */
  SnapshotsGrpcService(Function<UUID, Optional<HeldCommit>> hold, int most, Duration patience) {
    if (most < 1) {
      throw new IllegalArgumentException("snapshots: " + most + " (expected: >= 1)");
    }
    this.hold = hold;
    this.most = most;
    this.patience = patience;
    this.places = new Semaphore(most);
  }

  @Override
  public void fetch(FetchSnapshotRequest request, StreamObserver<SnapshotChunk> observer) {
    if (!places.tryAcquire()) {
      GrpcCalls.fail(
          observer,
          new HeddleException(
              ErrorCode.LIMIT_REACHED,
              "snapshots: " + most + " being sent (expected: fewer than " + most + ")"));
      return;
    }
    // Not on this thread: while it is in this method, the call hears of nothing.
    new Sending(request, (ServerCallStreamObserver<SnapshotChunk>) observer).start();
  }

  @Override
  public void drain() {
    draining = true;
    running.forEach(Sending::signal);
  }

  /** One call; belongs to its thread, but for the signals. */
  private final class Sending {
    private final FetchSnapshotRequest request;
    private final ServerCallStreamObserver<SnapshotChunk> call;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    Sending(FetchSnapshotRequest request, ServerCallStreamObserver<SnapshotChunk> call) {
      this.request = request;
      this.call = call;
    }

    void start() {
      call.setOnReadyHandler(this::signal);
      call.setOnCancelHandler(this::signal);
      running.add(this);
      threads.newThread(Context.current().wrap(this::run)).start();
    }

    private void run() {
      try {
        send();
        call.onCompleted();
      } catch (IOException e) {
        fail(
            new HeddleException(
                ErrorCode.STORAGE_FAILED,
                "snapshot of group "
                    + request.getGroup()
                    + ": "
                    + e
                    + " (expected: readable files)",
                e));
      } catch (InterruptedException | RuntimeException | Error e) {
        fail(e);
      } finally {
        running.remove(this);
        places.release();
      }
    }

    private void fail(Throwable failure) {
      log.warn("snapshot not sent group={} reason=\"{}\"", request.getGroup(), failure.toString());
      if (!call.isCancelled()) {
        GrpcCalls.fail(call, failure);
      }
    }

    private void send() throws IOException, InterruptedException {
      HeldCommit commit = held();
      try {
        if (commit.at().index() < 0) {
          next(SnapshotChunk.newBuilder().setHeader(SnapshotHeader.getDefaultInstance()).build());
          return;
        }
        long bytes = 0;
        for (String file : commit.files()) {
          bytes += commit.directory().fileLength(file);
        }
        next(
            SnapshotChunk.newBuilder()
                .setHeader(
                    SnapshotHeader.newBuilder()
                        .setTerm(commit.at().term())
                        .setIndex(commit.at().index())
                        .setBytes(bytes)
                        .setFiles(commit.files().size()))
                .build());
        for (String file : commit.files()) {
          send(commit, file);
        }
        log.info(
            "snapshot sent group={} index={} files={} bytes={}",
            request.getGroup(),
            commit.at().index(),
            commit.files().size(),
            bytes);
      } finally {
        release(commit);
      }
    }

    private HeldCommit held() {
      UUID group;
      try {
        group = UUID.fromString(request.getGroup());
      } catch (IllegalArgumentException e) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, "group: " + request.getGroup() + " (expected: a UUID)", e);
      }
      return hold.apply(group)
          .orElseThrow(() ->
              new HeddleException(
                  ErrorCode.NOT_OWNER,
                  "group: " + group + " (expected: one that is on this node)"));
    }

    private void release(HeldCommit commit) {
      try {
        commit.close();
      } catch (IOException | RuntimeException e) {
        // The index may have been closed meanwhile, and its files are deleted at the next opening.
        log.warn("snapshot given back badly group={}", request.getGroup(), e);
      }
    }

    private void send(HeldCommit commit, String name) throws IOException, InterruptedException {
      try (IndexInput input = commit.directory().openInput(name, IOContext.READONCE)) {
        long left = input.length();
        next(
            SnapshotChunk.newBuilder()
                .setFile(SnapshotFile.newBuilder().setName(name).setBytes(left))
                .build());
        CRC32C checksum = new CRC32C();
        while (left > 0) {
          byte[] bytes = new byte[(int) Math.min(left, CHUNK)];
          input.readBytes(bytes, 0, bytes.length);
          checksum.update(bytes);
          left -= bytes.length;
          next(SnapshotChunk.newBuilder().setData(UnsafeByteOperations.unsafeWrap(bytes)).build());
        }
        next(SnapshotChunk.newBuilder().setChecksum((int) checksum.getValue()).build());
      }
    }

    private void next(SnapshotChunk message) throws InterruptedException {
      awaitReady();
      call.onNext(message);
    }

    private void awaitReady() throws InterruptedException {
      long start = System.nanoTime();
      lock.lockInterruptibly();
      try {
        while (true) {
          if (call.isCancelled()) {
            throw new HeddleException(ErrorCode.CANCELLED, "cancelled by the receiver");
          }
          if (draining) {
            throw new HeddleException(
                ErrorCode.UNAVAILABLE, "snapshots: node closes (expected: a running one)");
          }
          if (call.isReady()) {
            return;
          }
          long left = patience.toNanos() - (System.nanoTime() - start);
          if (left <= 0) {
            throw new HeddleException(
                ErrorCode.DEADLINE_EXCEEDED,
                "snapshot: nothing taken for "
                    + DurationFormat.format(patience)
                    + " (expected: a receiver that reads)");
          }
          long _ = changed.awaitNanos(Math.min(left, LOOK_NANOS));
        }
      } finally {
        lock.unlock();
      }
    }

    void signal() {
      lock.lock();
      try {
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
