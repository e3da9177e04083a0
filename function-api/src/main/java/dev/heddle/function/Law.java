package dev.heddle.function;

/**
 * A property of a scatter function's merge, beyond associativity, that the platform may rely on.
 */
public enum Law {
  /**
   * merge(a, b) equals merge(b, a): partials are merged as they arrive, not in the order of the
   * shards.
   */
  COMMUTATIVE,
  /** merge(a, a) equals a. */
  IDEMPOTENT
}
