package dev.heddle.coordinator.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.admission.SimulatedServer.Count;
import dev.heddle.coordinator.admission.SimulatedServer.Stream;
import dev.heddle.process.Priority;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What admission makes of overload, on a manual clock; each run is of one seed. */
class AdmissionSimulationTest {
  private static final Duration WARM = Duration.ofSeconds(15);
  private static final int MEASURED_SECONDS = 10;
  private static final Duration DEADLINE = Duration.ofMillis(250);
  private static final int MOST = 1_024;

  private static AdmissionConfig config(String limit) {
    var config = AdmissionConfig.defaults();
    return new AdmissionConfig(
        limit,
        config.least(),
        config.first(),
        config.tolerance(),
        Duration.ofMillis(60),
        config.queue(),
        config.patience(),
        config.target(),
        config.tenantShare(),
        config.tenant(),
        config.tenants());
  }

  /** A stream of so many times the capacity. */
  private static Stream stream(String tenant, Priority priority, double load, int processors) {
    return new Stream(tenant, priority, load * SimulatedServer.capacity(processors), DEADLINE);
  }

  private static double goodput(Count count, double seconds, int processors) {
    return count.good / seconds / SimulatedServer.capacity(processors);
  }

  private static Count measured(String limit, double load, int processors, long seed) {
    var server = new SimulatedServer(config(limit), MOST, processors, seed);
    var stream = stream("a", Priority.NORMAL, load, processors);
    server.run(List.of(stream), WARM);
    return server.run(List.of(stream), Duration.ofSeconds(MEASURED_SECONDS)).of(stream);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8, 32})
  void goodputStaysNearItsPeakUpToThreeTimesTheCapacity(int processors) {
    double peak = 0;
    for (double load : new double[] {0.1, 0.3, 0.5, 0.7, 0.9, 1, 1.5, 2, 3}) {
      double good = 0;
      for (int seed = 0; seed < 2; seed++) {
        var count = measured("vegas", load, processors, seed);
        good += goodput(count, MEASURED_SECONDS, processors) / 2;
        // What was let in is in time, but for the largest of them, which no limit makes smaller.
        assertTrue(count.late <= 0.05 * count.good + 5, "late " + count.late + " at " + load);
        // Who is refused hears of it soon.
        assertTrue(count.longestRefusalMillis <= 150, "refused " + count.longestRefusalMillis);
      }
      peak = Math.max(peak, good);
      if (load <= 0.5) {
        assertTrue(good >= 0.93 * load, "goodput " + good + " at " + load);
      }
      assertTrue(load < 1 || good >= 0.9 * peak, good + " at " + load + ", peak " + peak);
    }
    assertTrue(peak > 0.75, "peak " + peak);
  }

  /** The reason for the default. */
  @Test
  void theOtherAlgorithmsKeepLessOfTheGoodput() {
    double vegas = goodput(measured("vegas", 3, 8, 3), MEASURED_SECONDS, 8);
    for (String other : List.of("gradient2", "aimd", "fixed")) {
      double good = goodput(measured(other, 3, 8, 3), MEASURED_SECONDS, 8);
      assertTrue(good < 0.9 * vegas, other + " " + good + ", vegas " + vegas);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 32})
  void aTenantAtTenTimesItsShareHardlySlowsAnother(int processors) {
    double[] medians = new double[2];
    double[] goodput = new double[2];
    for (int round = 0; round < 2; round++) {
      for (int seed = 0; seed < 3; seed++) {
        var server = new SimulatedServer(config("vegas"), MOST, processors, seed);
        var modest = stream("modest", Priority.NORMAL, 0.3, processors);
        var flood = stream("flood", Priority.NORMAL, round == 0 ? 0.5 : 5, processors);
        server.run(List.of(modest, flood), WARM);
        var counts = server.run(List.of(modest, flood), Duration.ofSeconds(MEASURED_SECONDS));
        var count = counts.of(modest);
        medians[round] += count.median() / 3;
        goodput[round] += goodput(counts.of(flood), MEASURED_SECONDS, processors) / 3;
        goodput[round] += goodput(count, MEASURED_SECONDS, processors) / 3;
        assertTrue(count.good >= 0.95 * count.sent, count.good + " of " + count.sent);
      }
    }
    assertTrue(medians[1] <= 1.5 * medians[0], medians[0] + " ms, then " + medians[1] + " ms");
    assertTrue(goodput[1] >= 0.85, "goodput " + goodput[1]);
  }

  @Test
  void comesBackSoonAfterASlowPhase() {
    for (int seed = 0; seed < 3; seed++) {
      var server = new SimulatedServer(config("vegas"), MOST, 8, seed);
      var stream = stream("a", Priority.NORMAL, 0.8, 8);
      server.run(List.of(stream), WARM);
      server.slowdown(5);
      var slow = server.run(List.of(stream), Duration.ofSeconds(10)).of(stream);
      // A fifth is all there is then, and the largest come to their deadlines.
      assertTrue(goodput(slow, 10, 8) >= 0.1, "slow " + goodput(slow, 10, 8));
      server.slowdown(1);
      server.run(List.of(stream), Duration.ofSeconds(2));
      var after = server.run(List.of(stream), Duration.ofSeconds(4)).of(stream);
      assertTrue(goodput(after, 4, 8) >= 0.9 * 0.8, "after " + goodput(after, 4, 8));
    }
  }

  @Test
  void importantRequestsComeFirstAndTheOthersAreNotStarved() {
    var server = new SimulatedServer(config("vegas"), MOST, 8, 5);
    var high = stream("a", Priority.HIGH, 0.6, 8);
    var normal = stream("a", Priority.NORMAL, 1.2, 8);
    var low = stream("a", Priority.LOW, 1.2, 8);
    var all = List.of(high, normal, low);
    server.run(all, WARM);
    for (int window = 0; window < 10; window++) {
      var counts = server.run(all, Duration.ofSeconds(2));
      var served = all.stream().mapToDouble(stream -> share(counts.of(stream))).toArray();
      assertTrue(served[0] > 0.7 && served[0] > served[1], "high " + served[0]);
      assertTrue(served[1] > 1.5 * served[2], served[1] + " against " + served[2]);
      assertTrue(served[2] > 0.01, "low " + served[2]);
    }
  }

  private static double share(Count count) {
    return (double) count.good / count.sent;
  }

  @Test
  void whereSeveralOverloadItTheyShareByWeight() {
    var quotas =
        Map.of("light", new TenantQuota(1, 0, 0, 0, 0), "heavy", new TenantQuota(3, 0, 0, 0, 0));
    var plain = config("vegas");
    var config =
        new AdmissionConfig(
            plain.limit(),
            plain.least(),
            plain.first(),
            plain.tolerance(),
            plain.late(),
            plain.queue(),
            plain.patience(),
            plain.target(),
            1,
            plain.tenant(),
            quotas);
    var server = new SimulatedServer(config, MOST, 32, 9);
    var streams =
        List.of(stream("light", Priority.NORMAL, 2, 32), stream("heavy", Priority.NORMAL, 2, 32));
    server.run(streams, WARM);
    var counts = server.run(streams, Duration.ofSeconds(MEASURED_SECONDS));
    double ratio = (double) counts.of(streams.get(1)).good / counts.of(streams.get(0)).good;

    assertEquals(3, ratio, 0.5);
  }
}
