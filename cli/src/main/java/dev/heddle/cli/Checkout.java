package dev.heddle.cli;

import java.nio.file.Path;

/**
 * The checkout that this process was started from.
 *
 * @param home its root folder, absolute
 */
record Checkout(Path home) {
  /**
   * As {@code ./heddle} says in the system property {@code heddle.home}; else the working folder.
   */
  static Checkout ofProcess() {
    return new Checkout(Path.of(System.getProperty("heddle.home", "")).toAbsolutePath());
  }

  /** Where the demo keeps its data unless told otherwise. */
  Path demoFolder() {
    return home.resolve(".heddle");
  }
}
