package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The meters of two engines in one process, those of a coordinator and of a leaf. */
final class EngineMetricsTest {
  private static Engine engine(FunctionLogs logs, SimpleMeterRegistry registry, String role) {
    return new Engine(
        EngineConfig.defaults(),
        digest -> EchoFunction.JAR,
        List.of(new JavaRuntime(ArchiveLimits.DEFAULTS, true, List.of())),
        Map.of(),
        Platform.NONE,
        logs,
        Workshop.TICKER,
        registry,
        role);
  }

  private static List<String> names(SimpleMeterRegistry registry, String role) {
    return registry.getMeters().stream()
        .map(Meter::getId)
        .filter(id -> role.equals(id.getTag("role")))
        .map(id -> id.getName() + "/" + id.getTag("outcome"))
        .sorted()
        .toList();
  }

  @Test
  void eachEngineHasMetersOfItsOwn() {
    var registry = new SimpleMeterRegistry();
    try (var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Workshop.TICKER);
        var _ = engine(logs, registry, "leaf");
        var _ = engine(logs, registry, "coordinator")) {
      var names = names(registry, "leaf");
      assertFalse(names.isEmpty());
      assertEquals(names, names(registry, "coordinator"));
      assertEquals(2 * names.size(), registry.getMeters().size());
    }
  }

  @Test
  void countsInvocationsByOutcomeInTheEngineThatRanThem() {
    try (var workshop = new Workshop()) {
      var echo = workshop.deploy(EchoFunction.JAR, "user.Echo");
      assertEquals("7", workshop.invoke(echo, "7"));
      var ok =
          workshop
              .registry
              .get("heddle.engine.invocation")
              .tag("outcome", "ok")
              .tag("role", "leaf")
              .timer();
      assertEquals(1, ok.count());
      assertEquals(1, workshop.registry.get("heddle.engine.invocation.queue").timer().count());
      assertEquals(1, workshop.gauge("heddle.engine.sandboxes.idle"));
      assertEquals(0, workshop.gauge("heddle.engine.sandboxes.running"));
      assertTrue(workshop.gauge("heddle.engine.loaded.bytes") > 0);
    }
  }

  @Test
  void namesAreWordsBetweenDotsThatComeOutWithUnderscores() {
    try (var workshop = new Workshop()) {
      var names =
          workshop.registry.getMeters().stream()
              .map(meter -> meter.getId().getName())
              .collect(Collectors.toCollection(TreeSet::new));
      for (String name : names) {
        assertTrue(name.matches("heddle\\.engine(\\.[a-z]+)+"), name);
      }
    }
  }
}
