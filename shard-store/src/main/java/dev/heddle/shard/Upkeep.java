package dev.heddle.shard;

import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Role;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets searches see what was written, at once where a reader waits for it and a little later
 * otherwise; makes indexes durable now and then, so that their logs can be cut; and merges a shard
 * into one segment once nobody writes to it: then queries are fastest, and no deleted document is
 * left in its figures. Owns its threads, which are never interrupted: that would close the files.
 */
final class Upkeep implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Upkeep.class);

  /**
   * Under a stream of writes every refresh makes a small segment that has to be merged later: a
   * shard is refreshed for at most one part in so many of the time.
   */
  private static final int REST = 50;

  /** But even then searches see a write within about this time. */
  private static final long MOST_REST_NANOS = 5_000_000_000L;

  /** Unseen writes are kept in memory for gets; more than this is refreshed at once. */
  private static final long MOST_RECENT_BYTES = 8 << 20;

  /** After a burst of writes the index is made durable without waiting for its time to come. */
  private static final long RESTING_NANOS = 500_000_000L;

  /** What a start indexes again in no time: not worth a commit of its own. */
  private static final long REPLAYED_SOON_BYTES = 256 << 10;

  private static final long SECOND_NANOS = 1_000_000_000L;

  private final Placements placements;
  private final ShardStoreConfig config;
  private final DiskSpace space;
  private final Ticker ticker;
  private final Runnable reopen;
  private final Timer commitTime;
  private final Map<ShardReplica, Idle> idle = new HashMap<>();

  /** When a shard's next refresh may begin: each earns a pause in proportion to what it took. */
  private final Map<ShardReplica, Long> rested = new ConcurrentHashMap<>();

  /** Since when a shard has something that is not in a commit. */
  private final Map<ShardReplica, Long> uncommitted = new HashMap<>();

  private final Set<ShardReplica> refreshing = ConcurrentHashMap.newKeySet();
  private final Set<ShardReplica> committing = ConcurrentHashMap.newKeySet();
  private final ExecutorService refreshes =
      Executors.newFixedThreadPool(2, Threads.named("shard-refresh"));
  private final ExecutorService commits =
      Executors.newSingleThreadExecutor(Threads.named("shard-commit"));
  private final ScheduledExecutorService thread =
      new ScheduledThreadPoolExecutor(1, Threads.named("shard-upkeep"));
  private final ScheduledFuture<?> looks;
  private long slowLookNanos;

  /**
   * A shard between two looks.
   *
   * @param index it had when it was last seen to change
   * @param sinceNanos when that was
   * @param settled whether it was merged since
   */
  private record Idle(long index, long sinceNanos, Settling settled) {}

  private enum Settling {
    /** Merges are still to be asked for. */
    OPEN,
    /** Merges were asked for and run. */
    RUNNING,
    /** Nothing left to merge. */
    DONE
  }

  /**
   * @param reopen told when a shard has failed
   */
  Upkeep(
      Placements placements,
      ShardStoreConfig config,
      DiskSpace space,
      Ticker ticker,
      Runnable reopen,
      MeterRegistry registry) {
    this.placements = placements;
    this.config = config;
    this.space = space;
    this.ticker = ticker;
    this.reopen = reopen;
    this.commitTime = registry.timer("heddle.shard.store.commit");
    this.slowLookNanos = ticker.nanoTime();
    long every = config.refreshAfter().toNanos();
    this.looks = thread.scheduleWithFixedDelay(this::look, every, every, TimeUnit.NANOSECONDS);
  }

  /** Refreshes the shard at once: someone waits for what is applied. */
  void refreshSoon(ShardReplica replica) {
    if (!refreshing.add(replica)) {
      return;
    }
    try {
      refreshes.execute(() -> refreshOnce(replica));
    } catch (RejectedExecutionException e) {
      refreshing.remove(replica);
      log.debug("refresh left out, closing shard={}", replica.identity());
    }
  }

  private void refreshOnce(ShardReplica replica) {
    // From here on a new wish needs a new refresh: this one may miss its entry.
    refreshing.remove(replica);
    long start = ticker.nanoTime();
    refresh(replica);
    long now = ticker.nanoTime();
    rested.put(replica, now + Math.min((now - start) * REST, MOST_REST_NANOS));
  }

  private void look() {
    try {
      var open = placements.open().toList();
      idle.keySet().retainAll(open);
      rested.keySet().retainAll(open);
      uncommitted.keySet().retainAll(open);
      open.forEach(this::look);
      long now = ticker.nanoTime();
      if (now - slowLookNanos >= SECOND_NANOS) {
        slowLookNanos = now;
        lookSlowly();
      }
    } catch (RuntimeException e) {
      // A round that throws would be the last one.
      log.error("upkeep failed, trying again", e);
    }
  }

  /** What only needs a look every second: groups that failed, groups that this node leads. */
  private void lookSlowly() {
    boolean failed = false;
    for (Slot slot : placements.all()) {
      ShardReplica replica = slot.replica();
      if (replica == null) {
        continue;
      }
      GroupStatus status = replica.status();
      replica.observe(status, ticker.nanoTime());
      failed |= status.role() == Role.CLOSED || replica.local().failure() != null;
      if (status.leading()) {
        placements.lead(slot, replica);
      }
      var _ = placements.known(slot);
    }
    placements.giveUpStuck();
    if (failed) {
      reopen.run();
    }
  }

  private void look(ShardReplica replica) {
    LocalShard shard = replica.local();
    long now = ticker.nanoTime();
    if (now - rested.getOrDefault(replica, now) >= 0 || shard.recentBytes() > MOST_RECENT_BYTES) {
      refreshSoon(replica);
    }
    commitIfDue(replica, shard, now);
    try {
      long index = shard.applied().index();
      Idle seen = idle.get(replica);
      if (seen == null || seen.index() != index) {
        idle.put(replica, new Idle(index, now, Settling.OPEN));
      } else {
        idle.put(replica, new Idle(index, seen.sinceNanos(), settled(replica, shard, seen)));
      }
    } catch (IOException | RuntimeException e) {
      if (!shard.closed()) {
        // Whatever it is, the others need their upkeep.
        log.warn("settling failed shard={}", replica.identity(), e);
      }
    }
  }

  private void commitIfDue(ShardReplica replica, LocalShard shard, long now) {
    if (shard.committed().index() == shard.applied().index()) {
      uncommitted.remove(replica);
      return;
    }
    long since = uncommitted.computeIfAbsent(replica, any -> now);
    long bytes = shard.uncommittedBytes();
    Idle seen = idle.get(replica);
    boolean resting =
        bytes >= REPLAYED_SOON_BYTES
            && seen != null
            && seen.index() == shard.applied().index()
            && now - seen.sinceNanos() >= RESTING_NANOS;
    if (resting
        || now - since >= config.commitAfter().toNanos()
        || bytes >= config.commitBytes().bytes()) {
      uncommitted.remove(replica);
      commitSoon(replica);
    }
  }

  private void commitSoon(ShardReplica replica) {
    if (!committing.add(replica)) {
      return;
    }
    try {
      commits.execute(() -> {
        committing.remove(replica);
        commit(replica);
      });
    } catch (RejectedExecutionException e) {
      committing.remove(replica);
    }
  }

  private void commit(ShardReplica replica) {
    LocalShard shard = replica.local();
    if (shard.closed() || shard.failure() != null) {
      return;
    }
    try {
      Timer.Sample sample = Timer.start();
      shard.commit();
      sample.stop(commitTime);
      var _ =
          replica
              .group()
              .trim()
              .exceptionally(e -> {
                log.debug("log not cut shard={} reason={}", replica.identity(), e.toString());
                return null;
              });
    } catch (IOException | RuntimeException | Error e) {
      if (shard.closed()) {
        return;
      }
      // Whatever it was, this thread must live on for the other shards.
      log.error("commit failed shard={}", replica.identity(), e);
      shard.fail(e);
    }
  }

  private Settling settled(ShardReplica replica, LocalShard shard, Idle seen) throws IOException {
    return switch (seen.settled()) {
      case OPEN -> {
        // What is not seen yet may scatter it: a slow disk can take longer to show it.
        if (ticker.nanoTime() - seen.sinceNanos() < config.settleAfter().toNanos()
            || shard.dirty()
            || !space.enough()) {
          yield Settling.OPEN;
        }
        if (!shard.scattered(config.settleUpTo().bytes())) {
          yield Settling.DONE;
        }
        shard.settle();
        yield Settling.RUNNING;
      }
      case RUNNING -> {
        if (shard.merging()) {
          yield Settling.RUNNING;
        }
        refreshSoon(replica);
        // Has the merge written down, so that its inputs can be deleted.
        commitSoon(replica);
        yield Settling.DONE;
      }
      case DONE -> Settling.DONE;
    };
  }

  private void refresh(ShardReplica replica) {
    LocalShard shard = replica.local();
    if (shard.closed() || shard.failure() != null) {
      return;
    }
    try {
      shard.refresh();
      replica.refreshed();
    } catch (IOException | RuntimeException e) {
      if (shard.closed()) {
        return;
      }
      log.error("refresh failed shard={}", replica.identity(), e);
      shard.fail(e);
    }
  }

  @Override
  public void close() {
    looks.cancel(false);
    OrderlyEnd.await(thread);
    OrderlyEnd.await(refreshes);
    OrderlyEnd.await(commits);
  }
}
