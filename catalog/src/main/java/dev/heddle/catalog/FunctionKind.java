package dev.heddle.catalog;

/** How a function is run. */
public enum FunctionKind {
  /** Answers an event. */
  HANDLER,
  /** Runs beside every shard of a dataset. */
  SCATTER
}
