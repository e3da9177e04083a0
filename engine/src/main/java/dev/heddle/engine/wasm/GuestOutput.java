package dev.heddle.engine.wasm;

import dev.heddle.engine.Call;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a module prints, line by line into its log. Lines are cut; how many there may be is up to
 * the log. A scatter function has no log: what it prints is thrown away.
 */
final class GuestOutput {
  private static final int MAX_LINE = 8 << 10;

  private final @Nullable Call call;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(0);

  GuestOutput(@Nullable Call call) {
    this.call = call;
  }

  void line(byte[] text) {
    if (call != null) {
      int length = Math.min(text.length, MAX_LINE);
      call.context().log(new String(text, 0, length, StandardCharsets.UTF_8));
    }
  }

  /** Bytes of a stream: a line ends at its line feed. */
  void print(byte[] bytes) {
    if (call == null) {
      return;
    }
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
