package dev.heddle.shard;

import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.Role;
import dev.heddle.shard.PendingChanges.Batch;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.lucene.store.AlreadyClosedException;

/**
 * The one way in for writes, on the leader of a shard: bounded, decided in order, released once a
 * majority has the outcome on disk and the leader has applied it.
 */
final class WriteDoor {
  private static final int BYTES_PER_PERMIT = 1 << 10;

  /** One shard whose disk or majority is slow leaves most of the door to the others. */
  private static final int SHARE = 4;

  private final int maxBatch;
  private final Semaphore writers;
  private final Semaphore kibibytes;
  private final int mostKibibytes;
  private final WriteShares shares;
  private final DiskSpace space;
  private final Ticker ticker;
  private final Clock clock;
  private final Counter operations;
  private final Counter refused;

  WriteDoor(
      ShardStoreConfig config,
      DiskSpace space,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this.maxBatch = config.maxBatch();
    this.writers = new Semaphore(config.maxWaitingWriters());
    this.mostKibibytes = (int) (config.maxWaitingBytes().bytes() / BYTES_PER_PERMIT);
    this.kibibytes = new Semaphore(mostKibibytes);
    this.shares =
        new WriteShares(
            share(config.maxWaitingWriters(), 1),
            // Any batch that fits an entry fits the share.
            share(mostKibibytes, 2 * (Proposal.MOST_BYTES / BYTES_PER_PERMIT)));
    this.space = space;
    this.ticker = ticker;
    this.clock = clock;
    this.operations = registry.counter("heddle.shard.store.operations");
    this.refused = registry.counter("heddle.shard.store.operations.refused");
    registry.gauge(
        "heddle.shard.store.writers.waiting",
        writers,
        free -> config.maxWaitingWriters() - free.availablePermits());
  }

  private static int share(int whole, int least) {
    return Math.min(whole, Math.max(least, whole / SHARE));
  }

  WriteResult write(Slot slot, RequestId request, List<Operation> batch, Deadline deadline) {
    if (batch.size() > maxBatch) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "operations: " + batch.size() + " (expected: at most " + maxBatch + ")");
    }
    int weight = weight(batch);
    if (weight > shares.kibibytes()) {
      throw tooLarge(weight, shares.kibibytes());
    }
    space.require();
    String shard = slot.identity().incarnation();
    if (!shares.tryTake(shard, weight)) {
      throw full("writes of shard " + slot.identity());
    }
    try {
      return withinAll(slot, request, batch, weight, deadline);
    } finally {
      shares.giveBack(shard, weight);
    }
  }

  private WriteResult withinAll(
      Slot slot, RequestId request, List<Operation> batch, int weight, Deadline deadline) {
    if (!writers.tryAcquire()) {
      throw full("writers");
    }
    try {
      if (!kibibytes.tryAcquire(weight)) {
        throw full("bytes");
      }
      try {
        return admitted(slot, request, batch, deadline);
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
      bytes +=
          switch (operation) {
            case Operation.Put put -> put.json().length;
            case Operation.Patch patch -> patch.json().length;
            case Operation.Delete delete -> 0;
          };
    }
    return Math.toIntExact(bytes / BYTES_PER_PERMIT + 1);
  }

  private static HeddleException tooLarge(long kibibytes, long most) {
    return new HeddleException(
        ErrorCode.TOO_LARGE, "batch: %d KiB (expected: at most %d KiB)".formatted(kibibytes, most));
  }

  private static HeddleException full(String what) {
    return new HeddleException(
        ErrorCode.QUEUE_FULL,
        "writes: too many " + what + " wait for the disk (expected: try again later)");
  }

  private WriteResult admitted(
      Slot slot, RequestId request, List<Operation> batch, Deadline deadline) {
    ShardReplica replica = slot.require();
    LocalShard shard = replica.local();
    shard.requireSound();
    operations.increment(batch.size());
    while (true) {
      ensureSchema(slot, replica, deadline);
      Decision decision = Decision.prepare(shard, batch);
      Optional<CompletableFuture<WriteResult>> begun = begin(replica, request, decision);
      if (begun.isPresent()) {
        WriteResult result = await(replica, begun.get(), deadline);
        refused.increment(result.errors().size());
        return result;
      }
      // Another schema came first in the log: the batch has to be read by that one.
      var _ = await(replica, replica.schemaApplied(), deadline);
      if (deadline.expired(ticker)) {
        throw new HeddleException(
            ErrorCode.DEADLINE_EXCEEDED,
            "write to %s: behind a schema that is being changed (expected: by the deadline)"
                .formatted(replica.identity()));
      }
    }
  }

  /**
   * Decides and proposes, in order; the future is that of the request's first time. Empty: the
   * entry would stand behind another schema than it was read by.
   */
  private Optional<CompletableFuture<WriteResult>> begin(
      ShardReplica replica, RequestId request, Decision decision) {
    LocalShard shard = replica.local();
    replica.deciding().lock();
    try {
      GroupStatus status = requireLeading(replica);
      // In this order: a request is in flight until its outcome is known.
      CompletableFuture<WriteResult> same = replica.inFlight().get(request);
      if (same != null) {
        return Optional.of(same);
      }
      Optional<WriteResult> done = shard.outcome(request);
      if (done.isPresent()) {
        return Optional.of(CompletableFuture.completedFuture(done.get()));
      }
      PendingChanges pending = replica.pending();
      pending.in(status.term());
      if (decision.schemaVersion() != Math.max(shard.schemaVersion(), pending.schemaVersion())) {
        return Optional.empty();
      }
      if (decision.hopeless()) {
        // Nothing to write, but only who leads knows by which schema it is wrong.
        return Optional.of(CompletableFuture.completedFuture(refusal(shard, decision)));
      }
      Batch decided = decision.decide(request, clock.millis(), id -> pending.find(id, shard::get));
      return Optional.of(propose(replica, request, decided));
    } catch (IOException | AlreadyClosedException e) {
      throw shard.storageFailed(e);
    } finally {
      replica.deciding().unlock();
    }
  }

  private static WriteResult refusal(LocalShard shard, Decision decision) {
    return new WriteResult(
        Math.max(0, shard.applied().index()),
        shard.identity().incarnation(),
        List.of(),
        decision.errors());
  }

  private static CompletableFuture<WriteResult> propose(
      ShardReplica replica, RequestId request, Batch decided) {
    Proposal proposal = replica.proposal(decided);
    if (proposal.data().length > Proposal.MOST_BYTES) {
      throw tooLarge(proposal.data().length >> 10, Proposal.MOST_BYTES >> 10);
    }
    String incarnation = replica.identity().incarnation();
    CompletableFuture<WriteResult> result =
        replica
            .group()
            .propose(proposal)
            .thenApply(written -> decided.entry().result(written.index(), incarnation));
    replica.inFlight().put(request, result);
    var _ =
        result.whenComplete((done, failure) -> {
          replica.inFlight().remove(request, result);
          if (failure != null) {
            replica.pending().remove(decided);
          }
        });
    return result;
  }

  private static GroupStatus requireLeading(ShardReplica replica) {
    GroupStatus status = replica.status();
    if (status.leading()) {
      return status;
    }
    String self = "shard " + replica.identity();
    if (status.role() != Role.LEADER && status.leader().isPresent()) {
      String leader = status.leader().get();
      throw new HeddleException(
              ErrorCode.NOT_LEADER,
              "leader of %s: %s (expected: this node)".formatted(self, leader))
          .withLeader(leader);
    }
    throw new HeddleException(
        ErrorCode.NO_MAJORITY,
        "leader of %s: none that a majority follows (expected: one)".formatted(self));
  }

  /** Writes are read by the schema that the catalog has now, or a newer one. */
  private void ensureSchema(Slot slot, ShardReplica replica, Deadline deadline) {
    if (replica.local().schemaVersion() >= slot.dataset().schemaVersion()) {
      return;
    }
    CompletableFuture<Void> proposed;
    replica.deciding().lock();
    try {
      requireLeading(replica);
      if (replica.local().schemaVersion() >= slot.dataset().schemaVersion()) {
        return;
      }
      proposed = replica.propose(slot.dataset().schemaVersion(), slot.dataset().schema());
    } finally {
      replica.deciding().unlock();
    }
    var _ = await(replica, proposed, deadline);
  }

  private <T> T await(ShardReplica replica, CompletableFuture<T> durable, Deadline deadline) {
    try {
      return durable.get(Math.max(0, deadline.remainingNanos(ticker)), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED,
          "write to %s: not known to be durable (expected: by the deadline)"
              .formatted(replica.identity()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(
          ErrorCode.CANCELLED,
          "write to %s: interrupted, not known to be durable (expected: none)"
              .formatted(replica.identity()),
          e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof HeddleException failure
          ? failure
          : replica.local().storageFailed(e.getCause() == null ? e : e.getCause());
    }
  }
}
