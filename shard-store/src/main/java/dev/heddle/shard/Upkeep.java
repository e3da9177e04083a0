package dev.heddle.shard;

import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets searches see what was written, a little later, and merges a shard into one segment once
 * nobody writes to it: then queries are fastest, and no deleted document is left in its figures.
 * Owns its thread.
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

  private final Placements placements;
  private final GroupCommit commits;
  private final ShardStoreConfig config;
  private final Ticker ticker;
  private final Map<LocalShard, Idle> idle = new HashMap<>();

  /** When a shard's next refresh may begin: each earns a pause in proportion to what it took. */
  private final Map<LocalShard, Long> rested = new HashMap<>();

  private final ScheduledExecutorService thread =
      new ScheduledThreadPoolExecutor(1, Threads.named("shard-upkeep"));

  private final ScheduledFuture<?> looks;

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

  Upkeep(Placements placements, GroupCommit commits, ShardStoreConfig config, Ticker ticker) {
    this.placements = placements;
    this.commits = commits;
    this.config = config;
    this.ticker = ticker;
    Duration every = config.refreshAfter();
    this.looks =
        thread.scheduleWithFixedDelay(
            this::look, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Refreshes the shard now: its documents are in segments anyway, or take too much memory. */
  void refreshSoon(LocalShard shard) {
    try {
      thread.execute(() -> refresh(shard));
    } catch (RejectedExecutionException e) {
      log.debug("refresh left out, closing shard={}", shard.identity());
    }
  }

  /** Call after a write. */
  void written(LocalShard shard) {
    if (shard.recentBytes() > MOST_RECENT_BYTES) {
      refreshSoon(shard);
    }
  }

  private void look() {
    idle.keySet().retainAll(placements.open().toList());
    rested.keySet().retainAll(idle.keySet());
    placements.open().forEach(this::look);
  }

  private void look(LocalShard shard) {
    long now = ticker.nanoTime();
    if (now - rested.getOrDefault(shard, now) >= 0) {
      refresh(shard);
      long took = ticker.nanoTime() - now;
      rested.put(shard, now + Math.min(took * REST, MOST_REST_NANOS));
    }
    try {
      Idle seen = idle.get(shard);
      if (seen == null || seen.index() != shard.index()) {
        idle.put(shard, new Idle(shard.index(), ticker.nanoTime(), Settling.OPEN));
      } else {
        idle.put(shard, new Idle(seen.index(), seen.sinceNanos(), settled(shard, seen)));
      }
    } catch (IOException | RuntimeException e) {
      if (shard.closed()) {
        return;
      }
      // Whatever it is, the others need their upkeep.
      log.warn("settling failed shard={}", shard.identity(), e);
    }
  }

  private Settling settled(LocalShard shard, Idle seen) throws IOException {
    return switch (seen.settled()) {
      case OPEN -> {
        if (ticker.nanoTime() - seen.sinceNanos() < config.settleAfter().toNanos()) {
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
        shard.refresh();
        commits.requestMerged(shard);
        yield Settling.DONE;
      }
      case DONE -> Settling.DONE;
    };
  }

  private void refresh(LocalShard shard) {
    if (shard.closed() || shard.failure() != null) {
      return;
    }
    try {
      shard.refresh();
    } catch (IOException | RuntimeException e) {
      if (shard.closed()) {
        return;
      }
      log.error("refresh failed shard={}", shard.identity(), e);
      shard.fail(e);
    }
  }

  @Override
  public void close() {
    looks.cancel(false);
    OrderlyEnd.await(thread);
  }
}
