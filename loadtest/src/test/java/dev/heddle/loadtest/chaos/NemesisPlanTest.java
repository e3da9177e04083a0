package dev.heddle.loadtest.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.chaos.NemesisStep.Action;
import dev.heddle.loadtest.chaos.NemesisStep.Target;
import java.time.Duration;
import java.util.Comparator;
import org.junit.jupiter.api.Test;

class NemesisPlanTest {
  private static NemesisPlan plan(long seed, int kills) {
    return NemesisPlan.of(ChaosOptions.DEFAULTS.withSeed(seed).withKills(kills));
  }

  @Test
  void sameSeedSamePlan() {
    assertEquals(plan(7, 50), plan(7, 50));
    assertNotEquals(plan(7, 50), plan(8, 50));
  }

  @Test
  void killsAsOftenAsAskedAndNowAndThenTheWholeCluster() {
    for (long seed = 1; seed <= 20; seed++) {
      var steps = plan(seed, 100).steps();
      var kills = steps.stream().filter(step -> step.action() == Action.KILL).toList();

      assertEquals(100, kills.size());
      assertEquals(
          5, kills.stream().filter(step -> step.target() instanceof Target.Everyone).count());
      assertTrue(
          kills.stream().filter(step -> step.target() instanceof Target.Leader).count() > 30);
      assertTrue(steps.stream().anyMatch(step -> step.action() == Action.PAUSE));
      assertTrue(steps.stream().filter(NemesisStep::calm).count() > steps.size() / 3);
    }
  }

  @Test
  void everySecondSeedKeepsLeavesAwayUntilTheyAreReplaced() {
    var even = ChaosOptions.DEFAULTS.withSeed(8).withKills(50).varied();

    assertEquals(ChaosOptions.DEFAULTS.withSeed(7), ChaosOptions.DEFAULTS.withSeed(7).varied());
    assertEquals(4, even.leaves());
    assertTrue(even.settings().contains("retained: 20"));
    assertEquals(even.settings(), even.shown().get("settings"));
    assertEquals(NemesisPlan.of(even), NemesisPlan.of(even));
    assertTrue(longest(even).compareTo(Duration.ofSeconds(8)) > 0);
    assertTrue(longest(ChaosOptions.DEFAULTS.withSeed(7)).compareTo(Duration.ofSeconds(4)) < 0);
  }

  private static Duration longest(ChaosOptions options) {
    return NemesisPlan.of(options).steps().stream()
        .filter(step -> step.action() == Action.KILL)
        .map(NemesisStep::time)
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  @Test
  void twentyKillsHaveOneOfTheWholeCluster() {
    assertEquals(
        1,
        plan(3, 20).steps().stream()
            .filter(step -> step.target() instanceof Target.Everyone)
            .count());
  }

  @Test
  void refusesOptionsThatMakeNoSense() {
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> ChaosOptions.DEFAULTS.withKills(-1));

    assertEquals("kills: -1 (expected: 0..100000)", refusal.getMessage());
  }
}
