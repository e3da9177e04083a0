package dev.heddle.shard;

import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.LocalShard.Applied;
import dev.heddle.shard.LocalShard.Prepared;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The one way in for writes: bounded, applied in order, released when durable. */
final class WriteDoor {
  private static final int BYTES_PER_PERMIT = 1 << 10;

  private final int maxBatch;
  private final Semaphore writers;
  private final Semaphore kibibytes;
  private final int mostKibibytes;
  private final GroupCommit commits;
  private final Upkeep upkeep;
  private final Ticker ticker;
  private final Counter operations;
  private final Counter refused;

  WriteDoor(
      ShardStoreConfig config,
      GroupCommit commits,
      Upkeep upkeep,
      Ticker ticker,
      MeterRegistry registry) {
    this.maxBatch = config.maxBatch();
    this.writers = new Semaphore(config.maxWaitingWriters());
    this.mostKibibytes = (int) (config.maxWaitingBytes().bytes() / BYTES_PER_PERMIT);
    this.kibibytes = new Semaphore(mostKibibytes);
    this.commits = commits;
    this.upkeep = upkeep;
    this.ticker = ticker;
    this.operations = registry.counter("heddle.shard.store.operations");
    this.refused = registry.counter("heddle.shard.store.operations.refused");
    registry.gauge(
        "heddle.shard.store.writers.waiting",
        writers,
        free -> config.maxWaitingWriters() - free.availablePermits());
  }

  WriteResult write(LocalShard shard, List<Operation> batch, Deadline deadline) {
    if (batch.size() > maxBatch) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "operations: " + batch.size() + " (expected: at most " + maxBatch + ")");
    }
    int weight = weight(batch);
    if (weight > mostKibibytes) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "batch: %d KiB (expected: at most %d KiB)".formatted(weight, mostKibibytes));
    }
    if (!writers.tryAcquire()) {
      throw full("writers");
    }
    try {
      if (!kibibytes.tryAcquire(weight)) {
        throw full("bytes");
      }
      try {
        return admitted(shard, batch, deadline);
      } finally {
        kibibytes.release(weight);
      }
    } finally {
      writers.release();
    }
  }

  private static int weight(List<Operation> batch) {
    long bytes = 0;
    for (Operation operation : batch) {
      bytes += operation instanceof Operation.Put put ? put.json().length : 0;
    }
    return Math.toIntExact(bytes / BYTES_PER_PERMIT + 1);
  }

  private static HeddleException full(String what) {
    return new HeddleException(
        ErrorCode.QUEUE_FULL,
        "writes: too many " + what + " wait for the disk (expected: try again later)");
  }

  private WriteResult admitted(LocalShard shard, List<Operation> batch, Deadline deadline) {
    List<OperationError> errors = new ArrayList<>();
    List<Prepared> prepared = shard.prepare(batch, errors);
    Applied applied = shard.apply(prepared, errors);
    operations.increment(batch.size());
    refused.increment(errors.size());
    upkeep.written(shard);
    if (shard.uncommitted()) {
      await(shard, commits.request(shard), deadline);
    }
    errors.sort(Comparator.comparingInt(OperationError::index));
    return new WriteResult(
        applied.index(), shard.identity().incarnation(), errors, applied.deleted());
  }

  private void await(LocalShard shard, CompletableFuture<Void> durable, Deadline deadline) {
    try {
      durable.get(Math.max(0, deadline.remainingNanos(ticker)), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED,
          "write to %s: not known to be durable (expected: by the deadline)"
              .formatted(shard.identity()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(
          ErrorCode.CANCELLED,
          "write to %s: interrupted, not known to be durable (expected: none)"
              .formatted(shard.identity()),
          e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof HeddleException failure
          ? failure
          : shard.storageFailed(e.getCause() == null ? e : e.getCause());
    }
  }
}
