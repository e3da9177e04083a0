package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * How large a query may be.
 *
 * @param maxClauses clauses of query and filter together
 * @param maxDepth clauses within clauses
 * @param maxText characters of one text or string value
 * @param maxFields names in a list of fields
 * @param maxSorts keys of an order
 * @param maxAggregations aggregations of one query
 * @param maxArgs the function's arguments as JSON
 */
public record QueryLimits(
    int maxClauses,
    int maxDepth,
    int maxText,
    int maxFields,
    int maxSorts,
    int maxAggregations,
    DataSize maxArgs) {
  public static final QueryLimits DEFAULTS =
      new QueryLimits(1_024, 32, 32_768, 200, 8, 32, DataSize.ofKiB(64));

  public QueryLimits {
    positive("max-clauses", maxClauses);
    positive("max-depth", maxDepth);
    positive("max-text", maxText);
    positive("max-fields", maxFields);
    positive("max-sorts", maxSorts);
    positive("max-aggregations", maxAggregations);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
    }
  }
}
