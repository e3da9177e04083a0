package dev.heddle.gateway.backend;

import java.time.Duration;

/**
 * How long calls to a coordinator may take.
 *
 * @param query where the query names none
 * @param mostQuery the most that a query may name
 * @param invocation for a handler, which also has a timeout of its own, usually shorter
 * @param administration for changes of datasets and functions, and for single documents
 * @param batch for one batch of a bulk stream to become durable, with those before it
 * @param margin on top of a query's deadline, for the answer's way: at the deadline the coordinator
 *     answers with what it has
 */
public record Deadlines(
    Duration query,
    Duration mostQuery,
    Duration invocation,
    Duration administration,
    Duration batch,
    Duration margin) {
  public Deadlines {
    if (query.compareTo(Duration.ofMillis(1)) < 0 || query.compareTo(mostQuery) > 0) {
      throw new IllegalArgumentException(
          "query: " + query + " (expected: at least 1ms, at most most-query)");
    }
    check("most-query", mostQuery);
    check("invocation", invocation);
    check("administration", administration);
    check("batch", batch);
    check("margin", margin);
  }

  private static void check(String name, Duration value) {
    if (!value.isPositive() || value.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: more than 0, at most 1h)");
    }
  }

  /** The documented defaults. */
  public static Deadlines defaults() {
    return new Deadlines(
        Duration.ofSeconds(10),
        Duration.ofMinutes(5),
        Duration.ofMinutes(15),
        Duration.ofSeconds(30),
        Duration.ofMinutes(2),
        Duration.ofMillis(500));
  }
}
