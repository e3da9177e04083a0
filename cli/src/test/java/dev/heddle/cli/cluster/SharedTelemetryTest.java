package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.Coordinator;
import dev.heddle.coordinator.CoordinatorConfig;
import dev.heddle.leaf.LeafConfig;
import dev.heddle.leaf.LeafWorker;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SharedTelemetryTest {
  @TempDir private Path directory;

  /** A second gauge of the same name and tags would be dropped, and its engine never be seen. */
  @Test
  @Timeout(300)
  void aLeafAndACoordinatorInOneProcessHaveMetersOfTheirOwn() {
    try (var catalog = LocalCatalog.start(directory.resolve("catalog"));
        var telemetry = new Telemetry();
        var _ =
            new LeafWorker(
                LeafConfig.defaults(),
                catalog.node(),
                directory.resolve("leaf"),
                catalog.client(),
                catalog.channels(),
                catalog.raft(),
                telemetry,
                Ticker.system(),
                Clock.systemUTC());
        var _ =
            new Coordinator(
                CoordinatorConfig.defaults(),
                catalog.node(),
                directory.resolve("coordinator"),
                catalog.client(),
                catalog.channels(),
                telemetry,
                Ticker.system(),
                Clock.systemUTC())) {
      for (String name : List.of("threads.busy", "sandboxes.running", "loaded.bytes")) {
        var roles = new TreeSet<String>();
        telemetry
            .registry()
            .get("heddle.engine." + name)
            .gauges()
            .forEach(gauge -> roles.add(String.valueOf(gauge.getId().getTag("role"))));
        assertEquals(List.of("coordinator", "leaf"), List.copyOf(roles), name);
      }
      String scraped = telemetry.prometheus();
      for (String name :
          List.of(
              "heddle_engine_invocation_seconds_count{outcome=\"ok\",role=\"leaf\"}",
              "heddle_engine_sandboxes_parked{role=\"leaf\"}",
              "heddle_engine_sandbox_evictions_total{role=\"leaf\"}",
              "heddle_leaf_wasm_memory_bytes",
              "heddle_coordinator_wasm_memory_bytes",
              "heddle_coordinator_invocations_in_flight{from=\"outside\"}",
              "heddle_coordinator_invocation_seconds_count{from=\"function\",outcome=\"ok\"}",
              "heddle_coordinator_invocations_tried_elsewhere_total")) {
        assertEquals(1, scraped.lines().filter(line -> line.startsWith(name)).count(), scraped);
      }
    }
  }
}
