package dev.heddle.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** How far a member has applied, for those that wait for it. Safe for any thread. */
final class AppliedIndex {
  private final ConcurrentSkipListMap<Long, CompletableFuture<Long>> waits =
      new ConcurrentSkipListMap<>();
  private volatile long applied;
  private volatile @Nullable Exception failure;

  /**
   * @param applied so far; -1: nothing
   */
  AppliedIndex(long applied) {
    this.applied = applied;
  }

  /** Ends once the index is applied, with the index up to which all is then. */
  CompletableFuture<Long> await(long index) {
    if (applied >= index) {
      return CompletableFuture.completedFuture(applied);
    }
    CompletableFuture<Long> wait =
        waits.computeIfAbsent(index, missing -> new CompletableFuture<>());
    // It may have come meanwhile, or the end.
    release(applied);
    Exception ended = failure;
    if (ended != null) {
      wait.completeExceptionally(ended);
    }
    // Whoever gives up does not do so for the others.
    return wait.copy();
  }

  /** An index that is before the present one is of a state that was put in its place. */
  void advance(long index) {
    applied = index;
    release(index);
  }

  private void release(long index) {
    while (!waits.isEmpty()) {
      Map.Entry<Long, CompletableFuture<Long>> first = waits.firstEntry();
      if (first == null || first.getKey() > index) {
        return;
      }
      waits.remove(first.getKey(), first.getValue());
      first.getValue().complete(index);
    }
  }

  /** Nothing more is applied. */
  void end(Exception cause) {
    failure = cause;
    List<CompletableFuture<Long>> all = new ArrayList<>(waits.values());
    waits.clear();
    all.forEach(wait -> wait.completeExceptionally(cause));
  }
}
