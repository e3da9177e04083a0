package dev.heddle.coordinator;

import dev.heddle.process.DataSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How queries are sent to leaves.
 *
 * @param replicas policy that chooses among replicas: {@code c3}, {@code least-outstanding}, {@code
 *     random}, or one of the jar's
 * @param hedging policy that says when a call is late: {@code percentile}, {@code none}, or one of
 *     the jar's
 * @param policies jar with policies of an operator's own, found by {@link java.util.ServiceLoader}
 * @param hedgeQuantile of late calls' times, 0.5..0.9999, beyond which a call is late
 * @param hedgeLeast no call is late before this
 * @param hedgeBudget extra executions of late shards, as a share of all, 0..1; 0: none
 * @param retryBudget extra executions of failed shards, as a share of all, 0..1; 0: none
 * @param extraBurst extra executions of each kind at once, 1..1,000,000
 * @param slowShare 0..1: while more than this share of late calls was late, none is hedged
 * @param queryBytes requests and partials that a query may hold at a time
 * @param allBytes requests and partials that all queries together may hold
 * @param queryDocuments documents that a query may scan, hedges included; 0: any number
 * @param queryCpu CPU time that a query may take of leaves, hedges included; 0: any
 * @param slowQuery a query that took longer leaves a line in the slow log; 0: none does
 * @param fanIn leaves that a coordinator asks by the plan of a query at most, 2..10,000; beyond, it
 *     hands parts of the plan to other coordinators; 0: any number
 * @param parts of other coordinators' queries at a time, 0..1,000,000; beyond, they are refused,
 *     and those ask the leaves themselves
 * @param topKProbability 0.5..1: leaves are asked for so many of a query's k hits only that with
 *     this probability none has more of the best k; 1: for all k
 * @param repairBudget extra executions of shards that were asked for too few hits, as a share of
 *     all, 0..1; where they were more, leaves are asked for all k for a while; 0: always
 * @param barInterval how long a call must have been under way until it is told what others found,
 *     and at least until it is told again; 0: it never is
 */
public record ScatterConfig(
    String replicas,
    String hedging,
    Optional<Path> policies,
    double hedgeQuantile,
    Duration hedgeLeast,
    double hedgeBudget,
    double retryBudget,
    int extraBurst,
    double slowShare,
    DataSize queryBytes,
    DataSize allBytes,
    long queryDocuments,
    Duration queryCpu,
    Duration slowQuery,
    int fanIn,
    int parts,
    double topKProbability,
    double repairBudget,
    Duration barInterval) {
  public ScatterConfig {
    within("hedge-quantile", hedgeQuantile, 0.5, 0.9999);
    within("hedge-budget", hedgeBudget, 0, 1);
    within("retry-budget", retryBudget, 0, 1);
    within("extra-burst", extraBurst, 1, 1_000_000);
    within("slow-share", slowShare, 0, 1);
    within("query-bytes", queryBytes.bytes(), 1, Integer.MAX_VALUE);
    within("all-bytes", allBytes.bytes(), queryBytes.bytes(), 1L << 50);
    within("query-documents", queryDocuments, 0, Long.MAX_VALUE);
    if (fanIn != 0) {
      within("fan-in", fanIn, 2, 10_000);
    }
    within("parts", parts, 0, 1_000_000);
    within("top-k-probability", topKProbability, 0.5, 1);
    within("repair-budget", repairBudget, 0, 1);
    if (hedgeLeast.isNegative() || hedgeLeast.isZero()) {
      throw new IllegalArgumentException("hedge-least: " + hedgeLeast + " (expected: > 0)");
    }
    notNegative("query-cpu", queryCpu);
    notNegative("slow-query", slowQuery);
    notNegative("bar-interval", barInterval);
  }

  public static ScatterConfig defaults() {
    return new ScatterConfig(
        "c3",
        "percentile",
        Optional.empty(),
        0.95,
        Duration.ofMillis(2),
        0.05,
        0.2,
        100,
        0.3,
        DataSize.parse("64MiB"),
        DataSize.parse("256MiB"),
        0,
        Duration.ZERO,
        Duration.ofSeconds(1),
        32,
        1_024,
        0.9999,
        0.05,
        Duration.ofMillis(10));
  }

  /** The same with another fan-in. */
  public ScatterConfig withFanIn(int other) {
    return new ScatterConfig(
        replicas,
        hedging,
        policies,
        hedgeQuantile,
        hedgeLeast,
        hedgeBudget,
        retryBudget,
        extraBurst,
        slowShare,
        queryBytes,
        allBytes,
        queryDocuments,
        queryCpu,
        slowQuery,
        other,
        parts,
        topKProbability,
        repairBudget,
        barInterval);
  }

  /** The same with another interval of bars. */
  public ScatterConfig withBarInterval(Duration other) {
    return new ScatterConfig(
        replicas,
        hedging,
        policies,
        hedgeQuantile,
        hedgeLeast,
        hedgeBudget,
        retryBudget,
        extraBurst,
        slowShare,
        queryBytes,
        allBytes,
        queryDocuments,
        queryCpu,
        slowQuery,
        fanIn,
        parts,
        topKProbability,
        repairBudget,
        other);
  }

  private static void notNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0)");
    }
  }

  private static void within(String name, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }

  private static void within(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }
}
