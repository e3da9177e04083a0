package dev.heddle.coordinator;

/** Takes each better answer of a query before the last; on the query's thread. */
interface Improvements {
  /** Whether one can be taken now; asked before it is made. */
  boolean wanted();

  void improved(QueryAnswer answer);

  /**
   * Has this run whenever one may have come to be wanted, on any thread; called once, before the
   * first.
   */
  void whenWanted(Runnable wake);
}
