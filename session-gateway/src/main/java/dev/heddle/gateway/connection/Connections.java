package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.InFlight;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node holds open: how many sockets, streams and polls there may be, their keep-alive,
 * and their end. One thread turns a wheel whose slots share them, so that pings spread over the
 * interval without a timer each. Thread-safe.
 */
final class Connections implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Connections.class);
  private static final int SLOTS = 32;

  private final WebSocketLimits limits;
  private final Duration stopTimeout;
  private final Clock clock;
  private final ConcurrentHashMap<Transport, Instant> expiring = new ConcurrentHashMap<>();
  private final Goodbyes goodbyes;
  private final InFlight places = new InFlight();
  private final ConcurrentHashMap<App, Integer> byApp = new ConcurrentHashMap<>();
  private final OpenConnections open;
  private final AtomicLong turn = new AtomicLong();
  private final List<Set<Transport>> slots = new ArrayList<>();
  private final Counter slow;
  private final Counter overdue;
  private final Set<Transport> closing = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean stopping;
  private final ScheduledExecutorService keepAlive =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-keepalive"));

  Connections(
      WebSocketLimits limits,
      DrainConfig drain,
      Duration stopTimeout,
      MeterRegistry meters,
      Clock clock) {
    this.limits = limits;
    this.goodbyes =
        new Goodbyes(
            drain,
            this::untilClosed,
            LockSupport::parkNanos,
            RandomGenerator.of("L64X128MixRandom"));
    this.stopTimeout = stopTimeout;
    this.clock = clock;
    this.open = new OpenConnections(meters);
    for (int i = 0; i < SLOTS; i++) {
      slots.add(ConcurrentHashMap.newKeySet());
    }
    this.slow = meters.counter("heddle.gateway.slow.consumers");
    this.overdue = meters.counter("heddle.gateway.goodbyes.overdue");
    meters.gauge("heddle.gateway.connections", places, InFlight::count);
    meters.gauge("heddle.gateway.connections.closing", closing, Set::size);
  }

  Duration pingInterval() {
    return limits.pingInterval();
  }

  void start() {
    long every = Math.max(1, limits.pingInterval().toMillis() / SLOTS);
    // Not at a fixed rate: after a pause of the process all turns that it missed would come at
    // once, and clients would have no time between a ping and the look for its answer.
    var _ = keepAlive.scheduleWithFixedDelay(this::turn, every, every, TimeUnit.MILLISECONDS);
  }

  /** One of the wheel. */
  void turn() {
    try {
      slots.get((int) (turn.getAndIncrement() % SLOTS)).forEach(Transport::tick);
      closing.forEach(Transport::endIfOverdue);
      Instant now = clock.instant();
      expiring.forEach((transport, at) -> {
        // Once, as soon as it is open; who does not go is cut off.
        if (!at.isAfter(now)
            && slot(transport).contains(transport)
            && expiring.remove(transport, at)) {
          transport.close(CloseCodes.POLICY, "the token has expired");
        }
      });
    } catch (RuntimeException e) {
      log.warn("keep-alive failed", e);
    }
  }

  private record App(String tenant, String name) {}

  /** A place that a client has; it is given back once. */
  final class Place implements AutoCloseable {
    private final App app;
    private final Visitors.Visit visit;

    /** Guarded by the monitor, as what follows; null: not counted among the open ones. */
    private @Nullable Runnable closed;

    private boolean left;

    private Place(App app, Visitors.Visit visit) {
      this.app = app;
      this.visit = visit;
    }

    /** Whose it is. */
    Visitors.Visit visit() {
      return visit;
    }

    @Override
    public void close() {
      if (leave()) {
        visit.close();
        byApp.computeIfPresent(app, (name, count) -> count == 1 ? null : count - 1);
        places.leave();
      }
    }

    private synchronized boolean leave() {
      if (left) {
        return false;
      }
      left = true;
      if (closed != null) {
        closed.run();
      }
      return true;
    }

    private synchronized void opened(Runnable toClose) {
      closed = toClose;
    }
  }

  /**
   * Takes a place.
   *
   * @param transport websocket, events or poll
   * @param visit ends with it
   * @param most places that the app allows itself
   * @throws HeddleException LIMIT_REACHED if all are taken, UNAVAILABLE while the node stops
   */
  Place enter(String tenant, String app, String transport, OptionalInt most, Visitors.Visit visit) {
    if (stopping) {
      visit.close();
      throw new HeddleException(ErrorCode.UNAVAILABLE, "connections: this node stops");
    }
    var place = new Place(new App(tenant, app), visit);
    int ofApp = byApp.merge(place.app, 1, Integer::sum);
    if (places.enter() > limits.connections()) {
      place.close();
      throw full(limits.connections());
    }
    if (most.isPresent() && ofApp > most.getAsInt()) {
      place.close();
      throw full(most.getAsInt());
    }
    place.opened(open.opened(tenant, app, transport));
    return place;
  }

  private static HeddleException full(int most) {
    return new HeddleException(
        ErrorCode.LIMIT_REACHED, "connections: " + most + " are open (expected: fewer)");
  }

  void opened(Transport transport) {
    slot(transport).add(transport);
    if (stopping) {
      transport.close(CloseCodes.GOING_AWAY, "going away");
    }
  }

  /** Closes it then, unless it is renewed before. It has to leave, open or not. */
  void expires(Transport transport, Instant at) {
    expiring.put(transport, at);
  }

  /** Closes it then, and not when it was to be; one that has left by now stays away. */
  void renewed(Transport transport, Instant until) {
    var _ = expiring.replace(transport, until);
  }

  /** It has begun to close; if its client does not answer it is cut off. */
  void closing(Transport transport) {
    closing.add(transport);
    // It may have left meanwhile: it leaves its slot first.
    if (!slot(transport).contains(transport)) {
      closing.remove(transport);
    }
  }

  void left(Transport transport) {
    expiring.remove(transport);
    slot(transport).remove(transport);
    closing.remove(transport);
  }

  private Set<Transport> slot(Transport transport) {
    return slots.get(Math.floorMod(System.identityHashCode(transport), SLOTS));
  }

  /** A client did not answer a goodbye. */
  void countOverdue() {
    overdue.increment();
  }

  void countSlow() {
    slow.increment();
  }

  /** Clients whose tokens will have expired at some time. */
  int expiring() {
    return expiring.size();
  }

  int count() {
    return places.count();
  }

  boolean stopping() {
    return stopping;
  }

  /**
   * Lets nobody in any more, and says goodbye to all after the config's notice and as slowly as it
   * says. A client that can come back does so at another gateway. An interrupt ends the notice.
   */
  void sayGoodbye() {
    stopping = true;
    int count = places.count();
    if (count > 0) {
      log.info("connections drain count={}", count);
    }
    goodbyes.notice();
    var all = new ArrayList<Transport>();
    slots.forEach(all::addAll);
    goodbyes.say(all, Connections::sayGoodbyeTo);
  }

  private void untilClosed(Duration notice) {
    try {
      var _ = closed.await(notice.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      // Somebody does not want to wait for it: not an end of what is done in good order after it.
      log.info("notice cut short");
    }
  }

  private static void sayGoodbyeTo(Transport transport) {
    try {
      transport.close(CloseCodes.GOING_AWAY, "going away");
    } catch (RuntimeException e) {
      // The others are told all the same, one after another.
      log.warn("goodbye failed error={}", e.toString());
    }
  }

  /**
   * Says goodbye to who is left, waits for them to go for as long as a stop may take, cuts off the
   * rest.
   */
  @Override
  public void close() {
    stopping = true;
    closed.countDown();
    slots.forEach(slot -> slot.forEach(Connections::sayGoodbyeTo));
    places.awaitNone(stopTimeout);
    slots.forEach(slot -> slot.forEach(Transport::abort));
    keepAlive.shutdownNow();
  }
}
