package dev.heddle.cli.node;

import java.io.IOException;
import java.io.InputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that the parent process is gone, however it went: the pipe that is our standard input
 * then ends.
 */
final class ParentWatch {
  private static final Logger log = LoggerFactory.getLogger(ParentWatch.class);

  private ParentWatch() {}

  /** Runs {@code gone} once, on a thread of its own. */
  static void start(InputStream pipe, Runnable gone) {
    Thread.ofPlatform()
        .name("parent-watch")
        .daemon()
        .start(() -> {
          drain(pipe);
          log.info("the parent process is gone");
          gone.run();
        });
  }

  private static void drain(InputStream pipe) {
    byte[] ignored = new byte[256];
    try {
      while (pipe.read(ignored) >= 0) {
        // Only its end says something.
      }
    } catch (IOException e) {
      log.info("standard input broke: {}", e.getMessage());
    }
  }
}
