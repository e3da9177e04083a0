package dev.heddle.process;

/**
 * The source of elapsed time; only differences of its values mean anything. Safe for any thread.
 */
@FunctionalInterface
public interface Ticker {
  /** Nanoseconds since some arbitrary moment; may be negative and may overflow. */
  long nanoTime();

  static Ticker system() {
    return System::nanoTime;
  }
}
