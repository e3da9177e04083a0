package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.HashScheduling;
import dev.heddle.coordinator.plan.LeastLoadedScheduling;
import dev.heddle.coordinator.plan.LocalityScheduling;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.plan.RoundRobinScheduling;
import dev.heddle.coordinator.plan.SchedulingPolicy;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.coordinator.scatter.PercentileHedging;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoliciesTest {
  @TempDir Path directory;

  static ScatterConfig config(String replicas, String hedging, Optional<Path> jar) {
    var config = ScatterConfig.defaults();
    return new ScatterConfig(
        replicas,
        hedging,
        jar,
        config.hedgeQuantile(),
        config.hedgeLeast(),
        config.hedgeBudget(),
        config.retryBudget(),
        config.extraBurst(),
        config.slowShare(),
        config.queryBytes(),
        config.allBytes(),
        config.queryDocuments(),
        config.queryCpu(),
        config.slowQuery(),
        config.fanIn(),
        config.parts(),
        config.topKProbability(),
        config.repairBudget(),
        config.barInterval());
  }

  /** Always the first. */
  public static final class FirstFactory implements ReplicaPolicy.Factory {
    @Override
    public String name() {
      return "first";
    }

    @Override
    public ReplicaPolicy create() {
      return new First();
    }
  }

  private static final class First implements ReplicaPolicy {
    @Override
    public int choose(Candidates candidates, java.util.random.RandomGenerator random) {
      return 0;
    }
  }

  /** As the one of the house. */
  public static final class AlikeFactory implements HedgingPolicy.Factory {
    @Override
    public String name() {
      return "alike";
    }

    @Override
    public HedgingPolicy create(HedgingPolicy.Settings settings, Ticker ticker) {
      return new PercentileHedging(settings, ticker);
    }
  }

  /** Always the last. */
  public static final class LastFactory implements SchedulingPolicy.Factory {
    @Override
    public String name() {
      return "last";
    }

    @Override
    public SchedulingPolicy create() {
      return (candidates, random) -> candidates.size() - 1;
    }
  }

  static Path jar(Path directory) throws IOException {
    var jar = directory.resolve("policies.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      offer(out, ReplicaPolicy.Factory.class, FirstFactory.class);
      offer(out, HedgingPolicy.Factory.class, AlikeFactory.class);
      offer(out, SchedulingPolicy.Factory.class, LastFactory.class);
    }
    return jar;
  }

  private Path jar() throws IOException {
    return jar(directory);
  }

  private static void offer(JarOutputStream out, Class<?> service, Class<?> provider)
      throws IOException {
    out.putNextEntry(new JarEntry("META-INF/services/" + service.getName()));
    out.write(provider.getName().getBytes(StandardCharsets.UTF_8));
    out.closeEntry();
  }

  @Test
  void thoseOfTheHouseGoByTheirNames() {
    var ticker = new ManualTicker();
    try (var policies = new Policies(ScatterConfig.defaults())) {
      assertInstanceOf(C3Policy.class, policies.replicas());
      assertInstanceOf(PercentileHedging.class, policies.hedging(ticker));
    }
    try (var policies = new Policies(config("random", "none", Optional.empty()))) {
      assertInstanceOf(NoHedging.class, policies.hedging(ticker));
      assertInstanceOf(LocalityScheduling.class, policies.scheduling("locality"));
      assertInstanceOf(LeastLoadedScheduling.class, policies.scheduling("least-loaded"));
      assertInstanceOf(HashScheduling.class, policies.scheduling("hash"));
      assertInstanceOf(RoundRobinScheduling.class, policies.scheduling("round-robin"));
    }
  }

  @Test
  void aJarBringsOthers() throws IOException {
    try (var policies = new Policies(config("first", "alike", Optional.of(jar())))) {
      assertInstanceOf(First.class, policies.replicas());
      assertInstanceOf(PercentileHedging.class, policies.hedging(new ManualTicker()));
    }
  }

  @Test
  void saysWhatIsOffered() throws IOException {
    try (var policies = new Policies(config("firts", "none", Optional.of(jar())))) {
      var failure = assertThrows(IllegalArgumentException.class, policies::replicas);
      assertEquals(
          "scatter.replicas: firts (expected: one of c3, least-outstanding, random, first)",
          failure.getMessage());
      var unknown =
          assertThrows(IllegalArgumentException.class, () -> policies.scheduling("lest-loaded"));
      assertEquals(
          "scheduling: lest-loaded (expected: one of locality, least-loaded, hash, round-robin,"
              + " last)",
          unknown.getMessage());
    }
    var none = directory.resolve("none.jar");
    assertThrows(
        IllegalArgumentException.class,
        () -> new Policies(config("c3", "none", Optional.of(none))));
  }
}
