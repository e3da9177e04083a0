package dev.heddle.gateway.session;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.map.IMap;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the sessions of this member's journal back when it starts, and sees to it that the journal
 * has what the member holds: also what it holds since another one has come or gone, what two halves
 * of a grid have made of a session, and what a disk did not take for a while.
 */
final class SessionKeeper implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SessionKeeper.class);

  /** Names the map of who has brought back its journal. */
  static final String STARTS = "session-starts";

  /** Somebody serves already: nobody waits any more. */
  private static final String OPEN = "open";

  private static final int BATCH = 500;
  private static final int BATCH_BYTES = 1 << 20;
  private static final int ATTEMPTS = 5;
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final SessionJournal journal;
  private final SessionGrid grid;
  private final IMap<String, SessionEntry> sessions;
  private final ScheduledExecutorService pool =
      Executors.newSingleThreadScheduledExecutor(Threads.named("session-store"));

  /** Waits for the disk alone, so that nothing else keeps it from that. */
  private final ScheduledExecutorService syncs =
      Executors.newSingleThreadScheduledExecutor(Threads.named("session-store-sync"));

  private final AtomicBoolean tellOwn = new AtomicBoolean(true);
  private final AtomicBoolean tellAll = new AtomicBoolean();

  private SessionKeeper(SessionJournal journal, SessionGrid grid) {
    this.journal = journal;
    this.grid = grid;
    this.sessions = grid.sessions();
  }

  /**
   * Brings back what the journal has; returns once this member may serve.
   *
   * @param members how many members the grid is to have
   * @throws HeddleException UNAVAILABLE, STORAGE_FAILED
   */
  static SessionKeeper start(
      SessionJournal journal,
      SessionGrid grid,
      SessionConfig config,
      int members,
      MeterRegistry meters) {
    var keeper = new SessionKeeper(journal, grid);
    try {
      long every = config.storeSync().toNanos();
      var _ = keeper.syncs.scheduleWithFixedDelay(keeper::sync, every, every, TimeUnit.NANOSECONDS);
      grid.onMove(() -> keeper.tellOwn.set(true), () -> keeper.tellAll.set(true));
      keeper.restore();
      // What it did not take, as its own journal said otherwise, may be what holds.
      journal.restored();
      keeper.tellAll.set(true);
      meters.gauge("heddle.gateway.session.store.lagging", journal, each -> each.lagging() ? 1 : 0);
      meters.gauge("heddle.gateway.session.store.bytes", journal, SessionJournal::bytes);
      meters.gauge("heddle.gateway.session.store.sessions", journal, SessionJournal::sessions);
      var _ = keeper.pool.scheduleWithFixedDelay(keeper::tick, every, every, TimeUnit.NANOSECONDS);
      keeper.awaitOthers(members, config.storeWait());
      return keeper;
    } catch (RuntimeException e) {
      keeper.close();
      throw e;
    }
  }

  private void restore() {
    Ticker ticker = Ticker.system();
    long began = ticker.nanoTime();
    long now = journal.now();
    List<String> keys = journal.keys();
    var byPartition = new HashMap<Integer, List<String>>();
    for (String key : keys) {
      byPartition.computeIfAbsent(grid.partition(key), _ -> new ArrayList<>()).add(key);
    }
    int restored = 0;
    for (List<String> some : byPartition.values()) {
      restored += restore(some, now);
    }
    log.info(
        "sessions restored found={} restored={} millis={}",
        keys.size(),
        restored,
        (ticker.nanoTime() - began) / 1_000_000);
  }

  /** All of one partition, so that a batch is one message. */
  private int restore(List<String> keys, long now) {
    int restored = 0;
    var batch = new HashMap<String, SessionEntry>();
    long bytes = 0;
    for (String key : keys) {
      SessionEntry entry = read(key);
      if (entry != null) {
        batch.put(key, entry);
        bytes += entry.plainBytes();
      }
      if (batch.size() == BATCH || bytes > BATCH_BYTES) {
        restored += send(batch, now);
        batch.clear();
        bytes = 0;
      }
    }
    return restored + send(batch, now);
  }

  private @Nullable SessionEntry read(String key) {
    try {
      return journal.read(key);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, "session.store: a session cannot be read: " + e, e);
    }
  }

  private int send(Map<String, SessionEntry> batch, long now) {
    if (batch.isEmpty()) {
      return 0;
    }
    var step = new RestoreSessions(batch, now);
    for (int attempt = 1; ; attempt++) {
      try {
        return sessions.executeOnKeys(Set.copyOf(batch.keySet()), step).size();
      } catch (HazelcastException | IllegalStateException e) {
        if (attempt == ATTEMPTS) {
          throw SessionStore.unavailable(e);
        }
        log.debug("sessions not restored attempt={} error={}", attempt, e.toString());
      }
    }
  }

  /**
   * Who serves while others have yet to bring back their journals takes sessions for gone, or old
   * ones for current. A gateway that joins others that serve does not wait.
   */
  private void awaitOthers(int members, Duration most) {
    IMap<String, Boolean> starts = grid.named(STARTS);
    Ticker ticker = Ticker.system();
    long began = ticker.nanoTime();
    starts.set(grid.member(), true);
    while (!starts.containsKey(OPEN)
        && started(starts) < members
        && ticker.nanoTime() - began < most.toNanos()) {
      try {
        var _ = new CountDownLatch(1).await(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HeddleException(ErrorCode.CANCELLED, "interrupted", e);
      }
    }
    if (!starts.containsKey(OPEN) && started(starts) < members) {
      log.warn(
          "sessions of other gateways may be missing: their stores are not there found={}"
              + " expected={}",
          started(starts),
          members);
    }
    starts.set(OPEN, true);
  }

  /** How many are there and have brought back their journals. */
  private long started(IMap<String, Boolean> starts) {
    Set<String> members = grid.memberIds();
    return starts.keySet().stream().filter(members::contains).count();
  }

  private void sync() {
    try {
      journal.sync();
    } catch (RuntimeException e) {
      log.error("session store: not brought to disk", e);
    }
  }

  /** What is to be done now and then. Whatever happens, it is done again. */
  void tick() {
    try {
      if (journal.tick()) {
        tellAll.set(true);
      }
      if (tellAll.get()) {
        told(tellAll, () -> sessions.executeOnEntries(new RestoreSessions()));
      } else {
        told(tellOwn, this::own);
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      log.error("session store: tick failed", e);
    }
  }

  private static void told(AtomicBoolean wanted, Runnable step) {
    if (!wanted.getAndSet(false)) {
      return;
    }
    boolean done = false;
    try {
      step.run();
      done = true;
    } catch (HazelcastException | IllegalStateException e) {
      // The grid has other things to do: again, then.
      log.debug("journals not told error={}", e.toString());
    } finally {
      if (!done) {
        wanted.set(true);
      }
    }
  }

  private void own() {
    var batch = new HashSet<String>();
    for (String key : sessions.localKeySet()) {
      batch.add(key);
      if (batch.size() == BATCH) {
        var _ = sessions.executeOnKeys(batch, new RestoreSessions());
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      var _ = sessions.executeOnKeys(batch, new RestoreSessions());
    }
  }

  /** Before the grid is left: the journal takes what moves until then. */
  @Override
  public void close() {
    Threads.close(pool, GRACE);
    Threads.close(syncs, GRACE);
  }
}
