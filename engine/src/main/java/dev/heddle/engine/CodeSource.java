package dev.heddle.engine;

/** Where the code of functions comes from. Called from any thread, seldom: once a version. */
@FunctionalInterface
public interface CodeSource {
  /**
   * The bytes with this SHA-256. The engine checks them.
   *
   * @param digest in lower-case hex
   * @throws dev.heddle.process.HeddleException if they cannot be had now
   */
  byte[] fetch(String digest);
}
