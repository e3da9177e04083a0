package dev.heddle.engine.wasm;

import java.util.Set;

/**
 * How deep a module's own stack can be where it calls its host.
 *
 * @param bytes at most, whenever one of {@code imports} is called
 * @param imports by index: those that no recursion can lead to
 */
record StackNeed(int bytes, Set<Integer> imports) {
  /** Nothing is known: any import may be called at any depth. */
  static final StackNeed UNKNOWN = new StackNeed(0, Set.of());

  /** More than this is not worth a promise. */
  static final int MAX_BYTES = 128 << 10;

  StackNeed {
    imports = Set.copyOf(imports);
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new IllegalArgumentException("stack: " + bytes + " (expected: 0.." + MAX_BYTES + ")");
    }
  }
}
