package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.HashScheduling;
import dev.heddle.coordinator.plan.LeastLoadedScheduling;
import dev.heddle.coordinator.plan.LeastOutstandingPolicy;
import dev.heddle.coordinator.plan.LocalityScheduling;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.plan.RoundRobinScheduling;
import dev.heddle.coordinator.plan.SchedulingPolicy;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.coordinator.scatter.PercentileHedging;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The policies that a config names: those of the house, or an operator's own from a jar, which is
 * trusted like the configuration that names it. Closing closes the jar.
 */
final class Policies implements AutoCloseable {
  private final ScatterConfig config;
  private final @Nullable URLClassLoader jar;

  /**
   * Opens the jar, if there is one.
   *
   * @throws IllegalArgumentException if it cannot be read
   */
  Policies(ScatterConfig config) {
    this.config = config;
    this.jar = config.policies().map(Policies::open).orElse(null);
  }

  private static URLClassLoader open(Path jar) {
    if (!Files.isReadable(jar)) {
      throw new IllegalArgumentException(
          "scatter.policies: " + jar + " (expected: a jar that can be read)");
    }
    try {
      return new URLClassLoader(new URL[] {jar.toUri().toURL()}, Policies.class.getClassLoader());
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException("scatter.policies: " + jar + " (expected: a path)", e);
    }
  }

  /**
   * The policy that chooses among replicas.
   *
   * @throws IllegalArgumentException if nobody offers it
   */
  ReplicaPolicy replicas() {
    return switch (config.replicas()) {
      case "c3" -> new C3Policy();
      case "least-outstanding" -> new LeastOutstandingPolicy();
      case "random" -> (candidates, random) -> random.nextInt(candidates.size());
      default ->
          offered(
                  "scatter.replicas",
                  config.replicas(),
                  ReplicaPolicy.Factory.class,
                  ReplicaPolicy.Factory::name,
                  List.of("c3", "least-outstanding", "random"))
              .create();
    };
  }

  /**
   * The policy that says when a call is late.
   *
   * @throws IllegalArgumentException if nobody offers it
   */
  HedgingPolicy hedging(Ticker ticker) {
    var settings = new HedgingPolicy.Settings(config.hedgeQuantile(), config.hedgeLeast());
    return switch (config.hedging()) {
      case PercentileHedging.NAME -> new PercentileHedging(settings, ticker);
      case "none" -> new NoHedging();
      default ->
          offered(
                  "scatter.hedging",
                  config.hedging(),
                  HedgingPolicy.Factory.class,
                  HedgingPolicy.Factory::name,
                  List.of(PercentileHedging.NAME, "none"))
              .create(settings, ticker);
    };
  }

  /**
   * The policy that chooses leaves for plain invocations.
   *
   * @param name of the policy
   * @throws IllegalArgumentException if nobody offers it
   */
  SchedulingPolicy scheduling(String name) {
    return switch (name) {
      case "locality" -> new LocalityScheduling();
      case "least-loaded" -> new LeastLoadedScheduling();
      case "hash" -> new HashScheduling();
      case "round-robin" -> new RoundRobinScheduling();
      default ->
          offered(
                  "scheduling",
                  name,
                  SchedulingPolicy.Factory.class,
                  SchedulingPolicy.Factory::name,
                  List.of("locality", "least-loaded", "hash", "round-robin"))
              .create();
    };
  }

  private <F> F offered(
      String key, String wanted, Class<F> type, Function<F, String> name, List<String> ours) {
    List<String> names = new ArrayList<>(ours);
    if (jar != null) {
      try {
        for (var factory : ServiceLoader.load(type, jar)) {
          if (name.apply(factory).equals(wanted)) {
            return factory;
          }
          names.add(name.apply(factory));
        }
      } catch (ServiceConfigurationError e) {
        throw new IllegalArgumentException(
            "scatter.policies: " + e.getMessage() + " (expected: a jar with policies)", e);
      }
    }
    throw new IllegalArgumentException(
        key + ": " + wanted + " (expected: one of " + String.join(", ", names) + ")");
  }

  @Override
  public void close() {
    if (jar != null) {
      try {
        jar.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
