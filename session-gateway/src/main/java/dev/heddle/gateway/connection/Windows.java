package dev.heddle.gateway.connection;

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
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ends of resume windows. Who detached a connection watches it; where that gateway is lost, the
 * member that owns its entry adopts it. So $disconnect comes once, when the window is over,
 * whichever gateways are left. One thread does the work; thread-safe.
 */
final class Windows implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Windows.class);
  private static final Duration EVERY = Duration.ofMillis(250);

  /** The entries that this member owns are looked through now and then: a minute of turns. */
  private static final int LOOK_EVERY = 240;

  /** After gateways came or went entries move: so many turns in a row. */
  private static final int LOOKS_AFTER_CHANGE = 20;

  private final ConnectionTable table;
  private final Frames frames;
  private final Supplier<Carrier> self;
  private final BiPredicate<ConnectionKey, Known> lost;
  private final Clock clock;
  private final ConcurrentHashMap<ConnectionKey, Instant> due = new ConcurrentHashMap<>();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-windows"));
  private Set<String> members = Set.of();
  private int turns;
  private int looks;

  /**
   * Watches over the connections of a table.
   *
   * @param lost whether who had a connection's call in flight is gone, which it deals with
   */
  Windows(
      ConnectionTable table,
      Frames frames,
      Supplier<Carrier> self,
      BiPredicate<ConnectionKey, Known> lost,
      Clock clock) {
    this.table = table;
    this.frames = frames;
    this.self = self;
    this.lost = lost;
    this.clock = clock;
  }

  void start() {
    var _ =
        thread.scheduleWithFixedDelay(
            this::turn, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** A connection has been detached. */
  void watch(ConnectionKey key, Known known) {
    due.put(key, known.since().plus(known.window()));
  }

  /** A connection has come back, or is over. */
  void forget(ConnectionKey key) {
    due.remove(key);
  }

  /** How many connections wait for their clients here. */
  int watched() {
    return due.size();
  }

  private void turn() {
    try {
      Instant now = clock.instant();
      due.forEach((key, end) -> {
        if (!end.isAfter(now)) {
          expire(key, end, now);
        }
      });
      Set<String> present = table.members();
      if (!present.equals(members)) {
        members = present;
        looks = LOOKS_AFTER_CHANGE;
      }
      if (looks > 0 || turns++ % LOOK_EVERY == 0) {
        looks = Math.max(0, looks - 1);
        look(now);
      }
    } catch (RuntimeException e) {
      log.warn("resume windows not looked at error={}", e.toString());
    }
  }

  private void expire(ConnectionKey key, Instant end, Instant now) {
    Change change = table.expire(key, now);
    Known known = change.known();
    if (known == null) {
      due.remove(key, end);
    } else if (change.done()) {
      due.remove(key, end);
      frames.disconnected(
          Client.of(table, key, known),
          CloseCodes.ABNORMAL,
          "not resumed within its window",
          Handed.of(table.handed(key, known)));
    } else if (known.attached()) {
      due.remove(key, end);
    } else {
      // A call is in flight, or the connection came back and went again meanwhile.
      if (known.call() != 0) {
        var _ = lost.test(key, known);
      }
      due.replace(key, end, later(known.since().plus(known.window()), now.plus(EVERY)));
    }
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  /** Finds what nobody watches any more. */
  private void look(Instant now) {
    for (ConnectionKey key : table.own()) {
      Optional<Known> known = table.find(key);
      if (known.isEmpty()) {
        continue;
      }
      Carrier carrier = known.get().carrier();
      if (!table.alive(carrier)) {
        Change adopted = table.adopt(key, carrier, self.get(), now);
        if (adopted.done()) {
          log.info("connection adopted connection={} from={}", key.id(), carrier.address());
          watch(key, adopted.get());
        }
      } else if (!known.get().attached() && carrier.member().equals(self.get().member())) {
        due.putIfAbsent(key, known.get().since().plus(known.get().window()));
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
