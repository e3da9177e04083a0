package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.time.Duration;

/** A process that takes a processor and does nothing with it. Ends by itself, or when closed. */
final class Hog implements AutoCloseable {
  private final Process process;

  private Hog(Process process) {
    this.process = process;
  }

  static Hog start(Duration longest) {
    var seconds = Long.toString(longest.toSeconds() + 1);
    try {
      return new Hog(
          new ProcessBuilder("timeout", seconds, "sh", "-c", "while :; do :; done").start());
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "hog: " + e, e);
    }
  }

  /** The process that was started passes the signal on to the one that spins. */
  @Override
  public void close() {
    process.destroy();
    var _ = process.onExit().join();
  }
}
