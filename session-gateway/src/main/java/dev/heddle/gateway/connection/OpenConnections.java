package dev.heddle.gateway.connection;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What is open by app and transport, as metrics. Apps beyond a bound are counted together, as apps
 * come and go and metrics stay. Thread-safe.
 */
final class OpenConnections {
  /** Apps and transports of which metrics are kept. */
  private static final int MOST = 1_000;

  private static final String OTHERS = "(others)";

  private final MeterRegistry meters;
  private final ConcurrentHashMap<Kind, Meters> kinds = new ConcurrentHashMap<>();

  private record Kind(String tenant, String app, String transport) {}

  /**
   * Of one kind.
   *
   * @param closes one less
   */
  private record Meters(AtomicInteger open, Counter opened, Runnable closes) {}

  OpenConnections(MeterRegistry meters) {
    this.meters = meters;
  }

  /**
   * One has opened.
   *
   * @param transport websocket, events or poll
   * @return to be run when it closes
   */
  Runnable opened(String tenant, String app, String transport) {
    var kind = new Kind(tenant, app, transport);
    if (!kinds.containsKey(kind) && kinds.size() >= MOST) {
      kind = new Kind(OTHERS, OTHERS, transport);
    }
    Meters found = kinds.computeIfAbsent(kind, this::register);
    found.opened().increment();
    found.open().incrementAndGet();
    return found.closes();
  }

  private Meters register(Kind kind) {
    String[] tags = {
      "tenant", kind.tenant(), "app", kind.app(), "transport", kind.transport(),
    };
    var open = new AtomicInteger();
    Gauge.builder("heddle.gateway.app.connections", open, AtomicInteger::get)
        .description("Open connections; a poll is one while it waits")
        .tags(tags)
        .register(meters);
    return new Meters(
        open,
        Counter.builder("heddle.gateway.app.connections.opened")
            .description("Connections that began, or came back")
            .tags(tags)
            .register(meters),
        open::decrementAndGet);
  }
}
