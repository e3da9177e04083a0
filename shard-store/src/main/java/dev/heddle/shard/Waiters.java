package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Readers that wait until a replica has come to an index. Safe for any thread. */
final class Waiters {
  private final int most;
  private final TreeMap<Long, List<CompletableFuture<Void>>> byIndex = new TreeMap<>();
  private int count;
  private @Nullable HeddleException failure;

  Waiters(int most) {
    this.most = most;
  }

  /** Completes once {@link #reached} was told of the index. */
  synchronized CompletableFuture<Void> await(long index) {
    if (failure != null) {
      return CompletableFuture.failedFuture(failure);
    }
    if (count >= most) {
      return CompletableFuture.failedFuture(
          new HeddleException(
              ErrorCode.QUEUE_FULL,
              "reads: " + count + " wait for a shard (expected: fewer than " + most + ")"));
    }
    CompletableFuture<Void> waiter = new CompletableFuture<>();
    byIndex.computeIfAbsent(index, any -> new ArrayList<>()).add(waiter);
    count++;
    return waiter;
  }

  /** Gives up on one, as its reader did. */
  // That very one.
  @SuppressWarnings("ReferenceEquality")
  synchronized void forget(long index, CompletableFuture<Void> waiter) {
    List<CompletableFuture<Void>> same = byIndex.get(index);
    if (same != null && same.removeIf(other -> other == waiter)) {
      count--;
      if (same.isEmpty()) {
        byIndex.remove(index);
      }
    }
  }

  /** Whether someone waits for the index or one before it. */
  synchronized boolean any(long index) {
    return !byIndex.isEmpty() && byIndex.firstKey() <= index;
  }

  void reached(long index) {
    List<CompletableFuture<Void>> done = new ArrayList<>();
    synchronized (this) {
      while (!byIndex.isEmpty() && byIndex.firstKey() <= index) {
        done.addAll(byIndex.pollFirstEntry().getValue());
      }
      count -= done.size();
    }
    done.forEach(waiter -> waiter.complete(null));
  }

  /** Fails those that wait, and all that come. */
  void fail(HeddleException cause) {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    synchronized (this) {
      failure = cause;
      byIndex.values().forEach(all::addAll);
      byIndex.clear();
      count = 0;
    }
    all.forEach(waiter -> waiter.completeExceptionally(cause));
  }
}
