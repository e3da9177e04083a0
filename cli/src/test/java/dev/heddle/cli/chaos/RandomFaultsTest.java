package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.chaos.ChaosOptions;
import dev.heddle.loadtest.chaos.ChaosRun;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A new seed each time; {@code -Dheddle.chaos.seed=N} repeats a run. */
@Tag("chaos")
@Timeout(2_400)
class RandomFaultsTest {
  private static final int KILLS = 10;

  @TempDir Path directory;

  @Test
  void nothingIsLostAndNothingImpossibleIsSeenWhileNodesAreKilledAndPaused() throws Exception {
    long seed = Long.getLong("heddle.chaos.seed", System.nanoTime() & 0xffff_ffffL);
    System.out.println("chaos: -Dheddle.chaos.seed=" + seed);
    var options =
        ChaosOptions.DEFAULTS
            .withSeed(seed)
            .withKills(KILLS)
            .withLongest(Duration.ofMinutes(20))
            .varied();

    try (var run =
        new ChaosRun(
            options,
            NodeJava.command(),
            directory,
            Ticker.system(),
            Clock.systemUTC(),
            line -> System.out.println("chaos: " + line))) {
      var report = run.run(Optional.empty());

      System.out.println("chaos: " + report.json());
      assertEquals(List.of(), report.problems(), () -> "seed " + seed);
      assertTrue(report.figure("kills") >= KILLS, report::toString);
      assertTrue(report.figure("writesAcknowledged") > 0, report::toString);
      assertEquals(0, report.figure("lost"));
    }
  }
}
