package dev.heddle.leaf;

import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.ShardPosition;
import dev.heddle.shard.ShardStore;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits until replicas have what a read must have seen: at most half of the time that is left, so
 * that another replica can still be asked when this one does not get there. Safe for any thread.
 */
final class ReadWaits {
  private final ShardStore store;
  private final Ticker ticker;

  /**
   * What a read must have seen.
   *
   * @param positions by shard; for SESSION
   * @param patience how long the caller would wait for this replica; zero: as long as it may
   */
  record Requirement(ReadLevel level, Map<Integer, ShardPosition> positions, Duration patience) {
    Requirement {
      positions = Map.copyOf(positions);
    }
  }

  ReadWaits(ShardStore store, Ticker ticker) {
    this.store = store;
    this.ticker = ticker;
  }

  /**
   * Completes when the shard may be read here. Fails with {@link HeddleException}: STALE_REPLICA if
   * it did not get there in time, or what {@link ShardStore#ready} says. What is read afterwards
   * goes through {@link #check}.
   *
   * @param searched whether searches have to see it, or only gets
   * @return index that the answer must have reached
   */
  CompletableFuture<Long> ready(
      String datasetId, int shard, Requirement read, boolean searched, Deadline deadline) {
    CompletableFuture<Long> ready =
        store.ready(
            datasetId,
            shard,
            read.level(),
            Optional.ofNullable(read.positions().get(shard)),
            searched);
    if (ready.isDone() && !ready.isCompletedExceptionally()) {
      return ready;
    }
    long patience = patience(read, deadline);
    return ready
        .copy()
        .orTimeout(patience, TimeUnit.NANOSECONDS)
        .handle((index, failure) -> {
          if (failure == null) {
            return index;
          }
          Throwable cause = unwrapped(failure);
          if (cause instanceof TimeoutException) {
            ready.cancel(false);
            throw new HeddleException(
                ErrorCode.STALE_REPLICA,
                "shard %d: behind what is to be read (expected: there within %d ms)"
                    .formatted(shard, TimeUnit.NANOSECONDS.toMillis(patience)));
          }
          throw failure(cause);
        });
  }

  private long patience(Requirement read, Deadline deadline) {
    long half = Math.max(1, deadline.remainingNanos(ticker) / 2);
    long wanted = read.patience().toNanos();
    return wanted > 0 ? Math.min(wanted, half) : half;
  }

  /** Blocks until the shard may be read here; the index that the answer must have reached. */
  long await(String datasetId, int shard, Requirement read, boolean searched, Deadline deadline)
      throws InterruptedException {
    try {
      return ready(datasetId, shard, read, searched, deadline).get();
    } catch (ExecutionException e) {
      throw failure(unwrapped(e));
    }
  }

  /**
   * Refuses an answer that is older than what was waited for: between the two, the replica was
   * opened again, and has not caught up yet.
   */
  static void check(int shard, long waited, long read) {
    if (read < waited) {
      throw new HeddleException(
          ErrorCode.STALE_REPLICA,
          "shard %d: at %d, as it was opened again (expected: at %d)"
              .formatted(shard, read, waited));
    }
  }

  /** What went wrong with a wait. */
  static HeddleException failure(Throwable failure) {
    Throwable cause = unwrapped(failure);
    return cause instanceof HeddleException known
        ? known
        : new HeddleException(ErrorCode.INTERNAL, "read: " + cause, cause);
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable current = failure;
    while ((current instanceof CompletionException || current instanceof ExecutionException)
        && current.getCause() != null) {
      current = current.getCause();
    }
    return current;
  }
}
