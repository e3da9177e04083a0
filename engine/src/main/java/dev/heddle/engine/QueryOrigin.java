package dev.heddle.engine;

/**
 * The query that a scatter function works for: what it writes is in the log under these.
 *
 * @param id of the query, the same on all nodes; in the place of an invocation's
 * @param traceId 32 hex digits
 */
public record QueryOrigin(String id, String traceId) {
  /** Of a query that nobody asks about. */
  static final QueryOrigin NONE = new QueryOrigin("", "");
}
