package dev.heddle.gateway.connection;

import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.process.Threads;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ends of resume windows. Who detached a connection watches it; where that gateway is lost, the
 * member that owns its entry adopts it. So $disconnect comes when the window is over, whichever
 * gateways are left. One thread does the work; thread-safe.
 */
final class Windows implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Windows.class);
  private static final Duration EVERY = Duration.ofMillis(250);

  /** A stay is known here so long after the grid knows it, unless it never came to be. */
  private static final Duration ARRIVAL = Duration.ofSeconds(5);

  /** Whoever watches a window has ended the connection so long after its end. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  /** The entries that this member owns are looked through now and then: a minute of turns. */
  private static final int LOOK_EVERY = 240;

  /** After gateways came or went entries move: so many turns in a row. */
  private static final int LOOKS_AFTER_CHANGE = 20;

  private final ConnectionTable table;
  private final Frames frames;
  private final Supplier<Carrier> self;
  private final Gateway gateway;
  private final Tally tally;
  private final Clock clock;
  private final ConcurrentHashMap<ConnectionKey, Due> due = new ConcurrentHashMap<>();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-windows"));
  private final Users users = new Users();
  private Set<String> members = Set.of();
  private int turns;
  private int looks;

  /** What this gateway knows of connections. */
  interface Gateway {
    /** Whether who had a connection's call in flight is gone, which is dealt with. */
    boolean lost(ConnectionKey key, Known known);

    /** Whether a stay of this epoch is here. */
    boolean stays(ConnectionKey key, long epoch);

    /** Ends the stays here that the grid knows nothing of any more. */
    void checkStays();
  }

  /** When a connection is looked at, of an app; empty: of one that is not known. */
  private record Due(Instant at, String app, Optional<User> user) {}

  /**
   * Watches over the connections of a table.
   *
   * @param tally counts those that wait for their clients here
   */
  Windows(
      ConnectionTable table,
      Frames frames,
      Supplier<Carrier> self,
      Gateway gateway,
      Tally tally,
      Clock clock) {
    this.table = table;
    this.frames = frames;
    this.self = self;
    this.gateway = gateway;
    this.tally = tally;
    this.clock = clock;
  }

  void start() {
    var _ =
        thread.scheduleWithFixedDelay(
            this::turn, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void watch(ConnectionKey key, Known known) {
    watch(Client.of(table, key, known), known);
  }

  /** A connection of this client has been detached. */
  void watch(Client client, Known known) {
    put(client.key(), new Due(end(known), known.app(), User.of(client)));
  }

  /** A connection may be attached here without a stay: the grid did not say what it did. */
  void suspect(ConnectionKey key) {
    put(key, new Due(clock.instant().plus(ARRIVAL), "", Optional.empty()));
  }

  private void put(ConnectionKey key, Due next) {
    next.user().ifPresent(user -> users.add(user, key));
    Due last = due.put(key, next);
    if (last != null) {
      tally.remove(key, last.app());
      if (!last.user().equals(next.user())) {
        last.user().ifPresent(user -> users.remove(user, key));
      }
    }
    tally.add(key, next.app());
  }

  /** A connection has come back, or is over. */
  void forget(ConnectionKey key) {
    Due last = due.remove(key);
    if (last != null) {
      gone(key, last);
    }
  }

  private void forget(ConnectionKey key, Due seen) {
    if (due.remove(key, seen)) {
      gone(key, seen);
    }
  }

  private void gone(ConnectionKey key, Due last) {
    tally.remove(key, last.app());
    last.user().ifPresent(user -> users.remove(user, key));
  }

  /** Connections of a user that wait for their clients here. */
  Set<ConnectionKey> of(User user) {
    return users.of(user);
  }

  private static Instant end(Known known) {
    return known.since().plus(known.window());
  }

  private void turn() {
    var unread = new Unread();
    try {
      Instant now = clock.instant();
      due.forEach((key, each) -> {
        // What finds no room is due in the next turn, too.
        if (!each.at().isAfter(now) && frames.roomForGoodbyes()) {
          unread.guarded(key, () -> expire(key, each, now));
        }
      });
      Set<String> present = table.members();
      if (!present.equals(members)) {
        members = present;
        looks = LOOKS_AFTER_CHANGE;
        gateway.checkStays();
      }
      if (looks > 0 || turns++ % LOOK_EVERY == 0) {
        looks = Math.max(0, looks - 1);
        if (looks == 0) {
          gateway.checkStays();
        }
        // Finds what nobody watches any more.
        table.own().forEach(key -> unread.guarded(key, () -> look(key, now)));
      }
    } catch (RuntimeException e) {
      log.warn("resume windows not looked at error={}", e.toString());
    }
    unread.log();
  }

  /** What could not be looked at in a turn. One connection that cannot be read stops no other. */
  private static final class Unread {
    private int count;
    private String example = "";

    void guarded(ConnectionKey key, Runnable work) {
      try {
        work.run();
      } catch (RuntimeException e) {
        count++;
        example = "connection=" + key.id() + " error=" + e;
      }
    }

    void log() {
      if (count > 0) {
        log.warn("resume windows not looked at count={} {}", count, example);
      }
    }
  }

  private void expire(ConnectionKey key, Due seen, Instant now) {
    Change change = table.expire(key, now);
    Known known = change.known();
    if (known == null) {
      forget(key, seen);
    } else if (change.done()) {
      forget(key, seen);
      frames.disconnected(
          Client.of(table, key, known),
          CloseCodes.ABNORMAL,
          "not resumed within its window",
          Handed.of(table.handed(key, known)));
    } else if (known.attached()) {
      if (!mine(known) || gateway.stays(key, known.epoch())) {
        forget(key, seen);
      } else if (!detached(key, known, now)) {
        again(key, seen, later(known.since().plus(ARRIVAL), now.plus(EVERY)));
      }
    } else {
      // A call is in flight, or the connection came back and went again meanwhile.
      var _ = gateway.lost(key, known);
      again(key, seen, later(end(known), now.plus(EVERY)));
    }
  }

  private void again(ConnectionKey key, Due seen, Instant at) {
    due.replace(key, seen, new Due(at, seen.app(), seen.user()));
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private boolean mine(Known known) {
    return known.carrier().member().equals(self.get().member());
  }

  /** Detaches what is attached here without a stay: the grid's answer to its beginning was lost. */
  private boolean detached(ConnectionKey key, Known known, Instant now) {
    if (known.since().plus(ARRIVAL).isAfter(now)) {
      return false;
    }
    Change detached = table.detach(key, known.epoch(), 0, now);
    if (detached.done()) {
      log.info("connection without a stay detached connection={}", key.id());
      watch(key, detached.get());
    }
    return detached.done();
  }

  private void look(ConnectionKey key, Instant now) {
    Optional<Known> found = table.find(key);
    if (found.isEmpty()) {
      return;
    }
    Known known = found.get();
    var _ = gateway.lost(key, known);
    Carrier carrier = known.carrier();
    if (!table.alive(carrier)) {
      Change adopted = table.adopt(key, carrier, self.get(), now);
      if (adopted.done()) {
        log.info("connection adopted connection={} from={}", key.id(), carrier.address());
        watch(key, adopted.get());
      }
    } else if (known.attached()) {
      if (mine(known) && !gateway.stays(key, known.epoch())) {
        var _ = detached(key, known, now);
      }
    } else if (!due.containsKey(key) && (mine(known) || !end(known).plus(MARGIN).isAfter(now))) {
      watch(key, known);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
