package dev.heddle.engine;

import dev.heddle.process.HeddleException;

/** Runs code of one kind: {@code java}, {@code wasm}, later processes. Safe for any thread. */
public interface FunctionRuntime {
  /** As heddle.yaml names it. */
  String name();

  /** Whether it runs code of this tenant on this node. */
  default boolean serves(String tenant) {
    return true;
  }

  /**
   * Whether the code can be deployed, and what to ship besides it. The code is hostile until this
   * returns: it takes bounded time and memory, whatever the code is.
   *
   * @param code a jar, a module, or the entries of an archive
   * @throws HeddleException INVALID_FUNCTION saying what is wrong
   */
  CheckedCode check(Code code, Manifest manifest);

  /**
   * Makes the code of a version ready to run here; compiles nothing that a deploy compiled.
   *
   * @param label names function and version in messages
   * @throws HeddleException INVALID_FUNCTION for code that is no good, FORBIDDEN where this node
   *     does not run such code
   */
  LoadedCode load(ShippedCode code, String label);
}
