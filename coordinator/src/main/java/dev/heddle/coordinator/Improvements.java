package dev.heddle.coordinator;

/** Takes each better answer of a query before the last; on the query's thread. */
interface Improvements {
  /** Whether one can be taken now; asked before it is made. */
  boolean wanted();

  void improved(QueryAnswer answer);
}
