package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes writes durable, many at once: one thread commits the shards in turn, and a commit covers
 * all writes that came before it, so that while one runs the next ones gather. Owns the thread,
 * which is never interrupted: that would close the files it writes.
 */
final class GroupCommit implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(GroupCommit.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();

  /** Who waits for which shard; first come, first served. Guarded by the lock. */
  private final Map<LocalShard, List<CompletableFuture<Void>>> waiting = new LinkedHashMap<>();

  private boolean closing;
  private final Thread thread;
  private final Consumer<LocalShard> committed;
  private final Consumer<LocalShard> failed;
  private final Timer commitTime;
  private final DistributionSummary covered;

  /**
   * @param committed told after each commit, on the committing thread
   * @param failed told of a shard whose commit failed
   */
  GroupCommit(Consumer<LocalShard> committed, Consumer<LocalShard> failed, MeterRegistry registry) {
    this.committed = committed;
    this.failed = failed;
    this.commitTime = registry.timer("heddle.shard.store.commit");
    this.covered = registry.summary("heddle.shard.store.commit.operations");
    this.thread = Threads.named("shard-commit").newThread(this::run);
    thread.start();
  }

  /** Completes once everything that was applied to the shard before this call is on disk. */
  CompletableFuture<Void> request(LocalShard shard) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    lock.lock();
    try {
      if (closing) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "shard store: closing (expected: a running node)");
      }
      waiting.computeIfAbsent(shard, any -> new ArrayList<>()).add(done);
      work.signal();
    } finally {
      lock.unlock();
    }
    return done;
  }

  /** Has a merge written down, so that its inputs can be deleted; nobody waits. */
  void requestMerged(LocalShard shard) {
    lock.lock();
    try {
      if (!closing) {
        waiting.computeIfAbsent(shard, any -> new ArrayList<>());
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private record Batch(LocalShard shard, List<CompletableFuture<Void>> waiters) {}

  private void run() {
    for (List<Batch> next = next(); !next.isEmpty(); next = next()) {
      next.forEach(this::commit);
    }
  }

  /** The shard that waits longest, alone in a list; none once closed. */
  private List<Batch> next() {
    lock.lock();
    try {
      while (waiting.isEmpty()) {
        if (closing) {
          return List.of();
        }
        work.awaitUninterruptibly();
      }
      LocalShard shard = waiting.keySet().iterator().next();
      List<CompletableFuture<Void>> waiters = waiting.remove(shard);
      return List.of(new Batch(shard, waiters == null ? List.of() : waiters));
    } finally {
      lock.unlock();
    }
  }

  private void commit(Batch batch) {
    LocalShard shard = batch.shard();
    try {
      shard.requireSound();
      if (shard.uncommitted() || batch.waiters().isEmpty()) {
        Timer.Sample sample = Timer.start();
        covered.record((double) shard.commit());
        sample.stop(commitTime);
      }
    } catch (HeddleException e) {
      batch.waiters().forEach(waiter -> waiter.completeExceptionally(e));
      return;
    } catch (IOException | RuntimeException | Error e) {
      // Whatever it was, this thread must live on for the other shards.
      refuse(batch, e);
      return;
    }
    batch.waiters().forEach(waiter -> waiter.complete(null));
    tell(committed, shard);
  }

  /** What listeners throw is theirs: this thread must live on for the other shards. */
  private static void tell(Consumer<LocalShard> listener, LocalShard shard) {
    try {
      listener.accept(shard);
    } catch (RuntimeException e) {
      log.error("listener of a commit failed shard={}", shard.identity(), e);
    }
  }

  private void refuse(Batch batch, Throwable cause) {
    LocalShard shard = batch.shard();
    log.error("commit failed shard={} waiters={}", shard.identity(), batch.waiters().size(), cause);
    shard.fail(cause);
    HeddleException refusal = shard.storageFailed(cause);
    batch.waiters().forEach(waiter -> waiter.completeExceptionally(refusal));
    tell(failed, shard);
  }

  /** Commits what is waited for, then ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      work.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
