package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.PresenceTable;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which connections of this gateway are seen in channels. Who comes and goes is noted at once; the
 * grid is told by one sender for each channel that has news, of many with one step, so that neither
 * a storm nor a grid that does not answer stops whoever joins. What waits to be told is no more
 * than who is here, and who was when the grid was last told. Thread-safe.
 */
final class Presences {
  private static final Logger log = LoggerFactory.getLogger(Presences.class);
  private static final Duration RENEW = PresenceTable.LEASE.dividedBy(3);

  /** Connections that one step speaks of. */
  static final int BATCH = 500;

  /** Channels that the grid is told of at once. */
  private static final int SENDERS = 16;

  private final Grid grid;
  private final ThreadFactory threads;
  private final Clock clock;
  private final Semaphore senders = new Semaphore(SENDERS);
  private final ConcurrentHashMap<ChannelKey, Room> here = new ConcurrentHashMap<>();
  private volatile Instant renewed = Instant.EPOCH;

  /** What is told: see {@link PresenceTable}. Blocking. */
  interface Grid {
    long tell(
        ChannelKey key, Map<String, String> users, Set<String> gone, boolean all, Instant now);

    long renew(ChannelKey key, Instant now);
  }

  /**
   * Nobody yet.
   *
   * @param threads for senders
   */
  Presences(Grid grid, ThreadFactory threads, Clock clock) {
    this.grid = grid;
    this.threads = threads;
    this.clock = clock;
  }

  /**
   * Who is there.
   *
   * @param times that it has come and not left yet: a new stay may begin before the old one ends
   */
  private record Seen(String user, int times) {}

  /** What a sender does next. */
  private record Turn(Map<String, String> users, Set<String> gone, boolean all, boolean renews) {}

  /** One channel. */
  private final class Room {
    private final ChannelKey key;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as what follows: who is there. */
    private final Map<String, Seen> wanted = new HashMap<>();

    /** Who the grid was told is there. */
    private final Set<String> told = new HashSet<>();

    /** Of whom it is not told what holds. */
    private final Set<String> changed = new LinkedHashSet<>();

    private boolean all;
    private boolean renews;
    private boolean sending;
    private boolean over;

    Room(ChannelKey key) {
      this.key = key;
    }

    /** Returns false where it is over: there is another one, or none. */
    boolean change(String connection, @Nullable String user) {
      lock.lock();
      try {
        if (over) {
          return false;
        }
        Seen before = wanted.get(connection);
        if (user != null) {
          wanted.put(connection, new Seen(user, before == null ? 1 : before.times() + 1));
        } else if (before != null && before.times() > 1) {
          wanted.put(connection, new Seen(before.user(), before.times() - 1));
        } else {
          wanted.remove(connection);
        }
        if (wanted.containsKey(connection) == told.contains(connection)) {
          changed.remove(connection);
        } else {
          changed.add(connection);
        }
        sendIfDue();
        return true;
      } finally {
        lock.unlock();
      }
    }

    void renew() {
      lock.lock();
      try {
        renews = true;
        sendIfDue();
      } finally {
        lock.unlock();
      }
    }

    private void sendIfDue() {
      if (!sending && !over && (all || renews || !changed.isEmpty())) {
        sending = true;
        threads.newThread(this::send).start();
      }
    }

    private void send() {
      senders.acquireUninterruptibly();
      try {
        boolean goesOn = true;
        for (Turn turn = next(); turn != null && goesOn; turn = goesOn ? next() : null) {
          Instant now = clock.instant();
          long known =
              turn.renews()
                  ? grid.renew(key, now)
                  : grid.tell(key, turn.users(), turn.gone(), turn.all(), now);
          goesOn = done(turn, known);
        }
      } catch (HeddleException e) {
        log.info("presence not told yet channel={} error={}", key.name(), e.toString());
        failed();
      } catch (RuntimeException e) {
        failed();
        throw e;
      } finally {
        senders.release();
      }
    }

    /** What is to be told; null: nothing any more, and the sender is done. */
    private @Nullable Turn next() {
      lock.lock();
      try {
        var users = new LinkedHashMap<String, String>();
        var gone = new HashSet<String>();
        boolean anew = all;
        if (anew) {
          told.clear();
          changed.clear();
          changed.addAll(wanted.keySet());
        }
        Iterator<String> left = changed.iterator();
        while (left.hasNext() && users.size() + gone.size() < BATCH) {
          String each = left.next();
          left.remove();
          Seen seen = wanted.get(each);
          if (seen == null) {
            gone.add(each);
            told.remove(each);
          } else {
            users.put(each, seen.user());
            told.add(each);
          }
        }
        all = false;
        if (anew || !users.isEmpty() || !gone.isEmpty()) {
          return new Turn(users, gone, anew, false);
        }
        if (renews && !told.isEmpty()) {
          renews = false;
          return new Turn(users, gone, false, true);
        }
        renews = false;
        sending = false;
        if (wanted.isEmpty()) {
          over = true;
          here.remove(key, this);
        }
        return null;
      } finally {
        lock.unlock();
      }
    }

    /** The grid may have lost what it was told; false: it does not take it now. */
    private boolean done(Turn turn, long known) {
      lock.lock();
      try {
        all = known != PresenceTable.digest(told);
        if (all && turn.all()) {
          sending = false;
          return false;
        }
        return true;
      } finally {
        lock.unlock();
      }
    }

    /** Nobody knows what was done: all is told when the lease is renewed, or something changes. */
    private void failed() {
      lock.lock();
      try {
        all = true;
        sending = false;
      } finally {
        lock.unlock();
      }
    }
  }

  void join(ChannelKey key, String connection, String user) {
    while (!here.computeIfAbsent(key, Room::new).change(connection, user)) {
      Thread.onSpinWait();
    }
  }

  void leave(ChannelKey key, String connection) {
    Room room = here.get(key);
    if (room != null) {
      var _ = room.change(connection, null);
    }
  }

  /** Three times a lease; what the grid has lost is told again. */
  void renewIfDue() {
    Instant now = clock.instant();
    if (renewed.plus(RENEW).isAfter(now)) {
      return;
    }
    renewed = now;
    here.values().forEach(Room::renew);
  }

  /** Channels that anybody is seen in, or that the grid is still told of. */
  int rooms() {
    return here.size();
  }
}
