package dev.heddle.gateway.websocket;

import dev.heddle.gateway.http.InFlight;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's connections: how many there may be, their keep-alive, and their end. One thread turns
 * a wheel whose slots share the connections, so that pings spread over the interval without a timer
 * each. Thread-safe.
 */
final class Connections implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Connections.class);
  private static final int SLOTS = 32;
  private static final int GOING_AWAY = 1001;

  private final WebSocketLimits limits;
  private final Duration stopTimeout;
  private final InFlight places = new InFlight();
  private final AtomicLong turn = new AtomicLong();
  private final List<Set<Connection>> slots = new ArrayList<>();
  private final Counter slow;
  private final Set<Connection> closing = ConcurrentHashMap.newKeySet();
  private volatile boolean stopping;
  private final ScheduledExecutorService keepAlive =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-ws-keepalive"));

  Connections(WebSocketLimits limits, Duration stopTimeout, MeterRegistry meters) {
    this.limits = limits;
    this.stopTimeout = stopTimeout;
    for (int i = 0; i < SLOTS; i++) {
      slots.add(ConcurrentHashMap.newKeySet());
    }
    this.slow = meters.counter("heddle.gateway.slow.consumers");
    meters.gauge("heddle.gateway.connections", places, InFlight::count);
  }

  void start() {
    long every = Math.max(1, limits.pingInterval().toMillis() / SLOTS);
    // Not at a fixed rate: after a pause of the process all turns that it missed would come at
    // once, and clients would have no time between a ping and the look for its answer.
    var _ = keepAlive.scheduleWithFixedDelay(this::turn, every, every, TimeUnit.MILLISECONDS);
  }

  private void turn() {
    try {
      slots.get((int) (turn.getAndIncrement() % SLOTS)).forEach(Connection::tick);
      closing.forEach(Connection::endIfOverdue);
    } catch (RuntimeException e) {
      log.warn("keep-alive failed", e);
    }
  }

  /**
   * Takes a place.
   *
   * @throws HeddleException LIMIT_REACHED if all are taken, UNAVAILABLE while the node stops
   */
  void enter() {
    if (stopping) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "connections: this node stops");
    }
    if (places.enter() > limits.connections()) {
      places.leave();
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "connections: " + limits.connections() + " are open (expected: fewer)");
    }
  }

  void opened(Connection connection) {
    slot(connection).add(connection);
    if (stopping) {
      connection.close(GOING_AWAY, "going away");
    }
  }

  /** The connection has begun to close; if its client does not answer it is cut off. */
  void closing(Connection connection) {
    closing.add(connection);
  }

  void left(Connection connection) {
    slot(connection).remove(connection);
    closing.remove(connection);
    places.leave();
  }

  private Set<Connection> slot(Connection connection) {
    return slots.get(Math.floorMod(connection.client().connection().hashCode(), SLOTS));
  }

  void countSlow() {
    slow.increment();
  }

  int count() {
    return places.count();
  }

  /**
   * Says goodbye to all, waits for them to go for as long as a stop may take, cuts off the rest.
   */
  @Override
  public void close() {
    stopping = true;
    slots.forEach(slot -> slot.forEach(each -> each.close(GOING_AWAY, "going away")));
    places.awaitNone(stopTimeout);
    slots.forEach(slot -> slot.forEach(Connection::abort));
    keepAlive.shutdownNow();
  }
}
