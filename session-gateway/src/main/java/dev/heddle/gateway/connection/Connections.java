package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.InFlight;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
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
  private final InFlight places = new InFlight();
  private final ConcurrentHashMap<String, Integer> byApp = new ConcurrentHashMap<>();
  private final AtomicLong turn = new AtomicLong();
  private final List<Set<Transport>> slots = new ArrayList<>();
  private final Counter slow;
  private final Counter overdue;
  private final Set<Transport> closing = ConcurrentHashMap.newKeySet();
  private volatile boolean stopping;
  private final ScheduledExecutorService keepAlive =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-keepalive"));

  Connections(WebSocketLimits limits, Duration stopTimeout, MeterRegistry meters) {
    this.limits = limits;
    this.stopTimeout = stopTimeout;
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

  private void turn() {
    try {
      slots.get((int) (turn.getAndIncrement() % SLOTS)).forEach(Transport::tick);
      closing.forEach(Transport::endIfOverdue);
    } catch (RuntimeException e) {
      log.warn("keep-alive failed", e);
    }
  }

  /** A place that a client has; it is given back once. */
  final class Place implements AutoCloseable {
    private final String app;
    private final AtomicBoolean left = new AtomicBoolean();

    private Place(String app) {
      this.app = app;
    }

    @Override
    public void close() {
      if (left.compareAndSet(false, true)) {
        byApp.computeIfPresent(app, (name, count) -> count == 1 ? null : count - 1);
        places.leave();
      }
    }
  }

  /**
   * Takes a place.
   *
   * @param most places that the app allows itself
   * @throws HeddleException LIMIT_REACHED if all are taken, UNAVAILABLE while the node stops
   */
  Place enter(String tenant, String app, OptionalInt most) {
    if (stopping) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "connections: this node stops");
    }
    var place = new Place(tenant + "/" + app);
    int ofApp = byApp.merge(place.app, 1, Integer::sum);
    if (places.enter() > limits.connections()) {
      place.close();
      throw full(limits.connections());
    }
    if (most.isPresent() && ofApp > most.getAsInt()) {
      place.close();
      throw full(most.getAsInt());
    }
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

  /** It has begun to close; if its client does not answer it is cut off. */
  void closing(Transport transport) {
    closing.add(transport);
    // It may have left meanwhile: it leaves its slot first.
    if (!slot(transport).contains(transport)) {
      closing.remove(transport);
    }
  }

  void left(Transport transport) {
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

  int count() {
    return places.count();
  }

  boolean stopping() {
    return stopping;
  }

  /** Lets nobody in any more, and says goodbye to all. */
  void sayGoodbye() {
    stopping = true;
    slots.forEach(slot -> slot.forEach(each -> each.close(CloseCodes.GOING_AWAY, "going away")));
  }

  /**
   * Says goodbye to all, waits for them to go for as long as a stop may take, cuts off the rest.
   */
  @Override
  public void close() {
    sayGoodbye();
    places.awaitNone(stopTimeout);
    slots.forEach(slot -> slot.forEach(Transport::abort));
    keepAlive.shutdownNow();
  }
}
