package dev.heddle.function;

/**
 * A {@link Bound} that may rise while a leaf works, as others find more. A leaf may ask as seldom
 * as it likes. What lies above the strongest one that it was given must all be in its partial.
 */
@FunctionalInterface
public interface RisingBound {
  /** Never rises. */
  RisingBound NONE = () -> Bound.NONE;

  /** The strongest bound known; cheap, and never weaker than before. For the leaf's thread. */
  Bound now();
}
