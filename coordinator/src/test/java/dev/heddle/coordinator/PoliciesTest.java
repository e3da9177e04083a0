package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.ReplicaPolicy;
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

  private static ScatterConfig config(String replicas, String hedging, Optional<Path> jar) {
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
        config.slowQuery());
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

  private Path jar() throws IOException {
    var jar = directory.resolve("policies.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      offer(out, ReplicaPolicy.Factory.class, FirstFactory.class);
      offer(out, HedgingPolicy.Factory.class, AlikeFactory.class);
    }
    return jar;
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
    }
    var none = directory.resolve("none.jar");
    assertThrows(
        IllegalArgumentException.class,
        () -> new Policies(config("c3", "none", Optional.of(none))));
  }
}
