package dev.heddle.engine;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What the engine reports. Tenants and functions are not labels: their number has no bound here;
 * who serves a request reports it by tenant.
 */
final class EngineMetrics {
  /** How an invocation ended. */
  enum Outcome {
    OK,
    REJECTED,
    FAILED,
    DEADLINE,
    REFUSED
  }

  private static final String ROLE = "role";

  private final MeterRegistry registry;
  private final String role;
  private final Map<Outcome, Timer> invocations = new EnumMap<>(Outcome.class);
  private final Timer queue;
  private final Timer loads;
  private final Counter loadFailures;
  private final Counter unloads;
  private final Counter cutLogs;
  private final Counter lostLines;
  private final Timer inits;
  private final Counter evictions;
  private final Timer ranOn;

  /**
   * @param role of the process: two roles of one process have an engine each
   */
  EngineMetrics(MeterRegistry registry, String role) {
    this.registry = registry;
    this.role = role;
    for (var outcome : Outcome.values()) {
      invocations.put(
          outcome,
          Timer.builder("heddle.engine.invocation")
              .description("Invocations of handlers, from the call to its answer")
              .tag(ROLE, role)
              .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    queue =
        Timer.builder("heddle.engine.invocation.queue")
            .description("Time in which events waited for a thread")
            .tag(ROLE, role)
            .register(registry);
    ranOn =
        Timer.builder("heddle.engine.invocation.ran.on")
            .description("Active time of handlers after their caller had left with the bill")
            .tag(ROLE, role)
            .register(registry);
    loads =
        Timer.builder("heddle.engine.load")
            .description("Fetching and loading a version's code")
            .tag(ROLE, role)
            .register(registry);
    loadFailures =
        Counter.builder("heddle.engine.load.failures")
            .description("Versions whose code could not be loaded")
            .tag(ROLE, role)
            .register(registry);
    unloads =
        Counter.builder("heddle.engine.unloads")
            .description("Versions whose class loader was closed")
            .tag(ROLE, role)
            .register(registry);
    cutLogs =
        Counter.builder("heddle.engine.logs.cut")
            .description("Invocations that wrote more log than they may")
            .tag(ROLE, role)
            .register(registry);
    lostLines =
        Counter.builder("heddle.engine.logs.lost")
            .description("Lines that functions wrote faster than they may")
            .tag(ROLE, role)
            .register(registry);
    inits =
        Timer.builder("heddle.engine.sandbox.init")
            .description("Making a sandbox")
            .tag(ROLE, role)
            .register(registry);
    evictions =
        Counter.builder("heddle.engine.sandbox.evictions")
            .description("Idle sandboxes that ended because others needed their memory")
            .tag(ROLE, role)
            .register(registry);
  }

  void invocation(Outcome outcome, long nanos) {
    var timer = invocations.get(outcome);
    if (timer != null) {
      timer.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  void queued(long nanos) {
    queue.record(nanos, TimeUnit.NANOSECONDS);
  }

  void loaded(long nanos) {
    loads.record(nanos, TimeUnit.NANOSECONDS);
  }

  void loadFailed() {
    loadFailures.increment();
  }

  void unloaded() {
    unloads.increment();
  }

  void logCut() {
    cutLogs.increment();
  }

  void logLost() {
    lostLines.increment();
  }

  void made(long nanos) {
    inits.record(nanos, TimeUnit.NANOSECONDS);
  }

  void ranOn(long nanos) {
    ranOn.record(nanos, TimeUnit.NANOSECONDS);
  }

  void evicted() {
    evictions.increment();
  }

  void sandboxes(SandboxPool pool) {
    gauge(
        "heddle.engine.sandboxes.running",
        "Sandboxes that serve an event or a query",
        pool::running);
    gauge(
        "heddle.engine.sandboxes.parked",
        "Sandboxes whose function waits for others",
        pool::parked);
    gauge("heddle.engine.sandboxes.idle", "Sandboxes that wait for an event", pool::idle);
    gauge("heddle.engine.sandboxes.paused", "Idle sandboxes that are paused", pool::paused);
    gauge("heddle.engine.sandboxes.bytes", "Memory set aside for sandboxes", pool::reserved);
  }

  void loadedVersions(LongSupplier count, LongSupplier bytes) {
    gauge("heddle.engine.loaded.versions", "Versions whose code is in memory", count);
    gauge("heddle.engine.loaded.bytes", "Memory that their code holds, about", bytes);
  }

  void dispatcher(Dispatcher dispatcher) {
    gauge("heddle.engine.threads.busy", "Threads that run a handler", dispatcher::active);
    gauge(
        "heddle.engine.threads.parked",
        "Threads whose handler waits for others",
        dispatcher::parked);
    gauge("heddle.engine.threads.waiting", "Events that wait for a thread", dispatcher::queued);
    gauge(
        "heddle.engine.threads.stuck",
        "Threads that run a handler beyond its deadline",
        dispatcher::stuck);
  }

  private void gauge(String name, String description, LongSupplier value) {
    Gauge.builder(name, value, LongSupplier::getAsLong)
        .description(description)
        .strongReference(true)
        .tag(ROLE, role)
        .register(registry);
  }
}
