package dev.heddle.shard;

import dev.heddle.process.Threads;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.apache.lucene.index.MergePolicy.MergeAbortedException;
import org.apache.lucene.index.MergePolicy.OneMerge;
import org.apache.lucene.index.MergeScheduler;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.store.AlreadyClosedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Merges of all shards, one at a time on one thread, so that however many shards a node has, they
 * take one core at most. A shard waits at most once in line. Owns the thread.
 */
final class SharedMerges implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SharedMerges.class);

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Threads.named("shard-merge"));
  private final Set<MergeScheduler.MergeSource> waiting = ConcurrentHashMap.newKeySet();

  /** The scheduler for one shard's writer. */
  MergeScheduler scheduler() {
    return new MergeScheduler() {
      @Override
      public void merge(MergeSource source, MergeTrigger trigger) {
        submit(source);
      }

      @Override
      public void close() {
        // The writer waits for its merges itself, and the thread is not this shard's.
      }
    };
  }

  private void submit(MergeScheduler.MergeSource source) {
    if (!source.hasPendingMerges() || !waiting.add(source)) {
      return;
    }
    try {
      thread.execute(() -> mergeNext(source));
    } catch (RejectedExecutionException e) {
      waiting.remove(source);
      log.debug("merge left out, closing");
    }
  }

  /** One merge, then back in line: a large shard does not keep the others waiting for long. */
  private void mergeNext(MergeScheduler.MergeSource source) {
    waiting.remove(source);
    OneMerge merge = source.getNextMerge();
    if (merge == null) {
      return;
    }
    try {
      source.merge(merge);
    } catch (MergeAbortedException | AlreadyClosedException e) {
      log.debug("merge aborted reason={}", e.getMessage());
      return;
    } catch (IOException | RuntimeException e) {
      // The writer remembers a failure that matters, and its next commit reports it.
      log.warn("merge failed", e);
      return;
    }
    submit(source);
  }

  /** Call after the writers are closed: they wait for what runs here. */
  @Override
  public void close() {
    OrderlyEnd.await(thread);
  }
}
