package dev.heddle.engine.wasm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * What a module prints, line by line into its log. Lines are cut; how many there may be is up to
 * the log.
 */
final class GuestOutput {
  private static final int MAX_LINE = 8 << 10;

  private final Consumer<String> log;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(0);

  GuestOutput(Consumer<String> log) {
    this.log = log;
  }

  void line(byte[] text) {
    int length = Math.min(text.length, MAX_LINE);
    log.accept(new String(text, 0, length, StandardCharsets.UTF_8));
  }

  /** Bytes of a stream: a line ends at its line feed. */
  void print(byte[] bytes) {
    for (byte each : bytes) {
      if (each == '\n') {
        flush();
      } else if (line.size() < MAX_LINE) {
        line.write(each);
      }
    }
  }

  /** Logs what waits for its line feed. */
  void flush() {
    if (line.size() > 0) {
      line(line.toByteArray());
      line.reset();
    }
  }
}
