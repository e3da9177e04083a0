package dev.heddle.coordinator.admission;

import dev.heddle.process.Priority;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts what a door let in and refused, by tenant and priority. Safe for many threads.
 *
 * <p>Meters are kept for as long as the process runs, and names of tenants cost nothing: the first
 * {@link Tenants#MOST} that come have figures of their own, and those that the config names; all
 * others share {@link Tenants#OTHERS}.
 */
final class AdmissionMeters {
  /** What became of a request. */
  enum Outcome {
    ADMITTED("heddle_coordinator_admission_admitted"),
    REFUSED("heddle_coordinator_admission_refused");

    private final String meter;

    Outcome(String meter) {
      this.meter = meter;
    }
  }

  private record Key(Outcome outcome, String tenant, Priority priority) {}

  private final MeterRegistry registry;
  private final String door;
  private final Set<String> named;
  private final Set<String> met = ConcurrentHashMap.newKeySet();
  private final Map<Key, Counter> counters = new ConcurrentHashMap<>();

  /**
   * @param named tenants that always have figures of their own
   */
  AdmissionMeters(MeterRegistry registry, String door, Set<String> named) {
    this.registry = registry;
    this.door = door;
    this.named = Set.copyOf(named);
  }

  void count(Outcome outcome, String tenant, Priority priority) {
    counters.computeIfAbsent(new Key(outcome, known(tenant), priority), this::counter).increment();
  }

  /**
   * Some more than {@link Tenants#MOST} may be met at once by several threads, each one of them.
   */
  private String known(String tenant) {
    if (named.contains(tenant) || met.contains(tenant)) {
      return tenant;
    }
    if (met.size() >= Tenants.MOST) {
      return Tenants.OTHERS;
    }
    met.add(tenant);
    return tenant;
  }

  private Counter counter(Key key) {
    return registry.counter(
        key.outcome.meter, "door", door, "tenant", key.tenant, "priority", key.priority.text());
  }
}
