package dev.heddle.loadtest.arrivals;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/**
 * A user's own log of arrivals: a line for each request with the milliseconds from the beginning at
 * which it is to be sent, decimals allowed, ascending. Blank lines and those that begin with {@code
 * #} count for nothing.
 */
public final class ArrivalsFile {
  private static final int MOST = 10_000_000;
  private static final double LONGEST_MILLIS = Duration.ofDays(1).toMillis();

  private ArrivalsFile() {}

  /**
   * The times in nanoseconds, at least one.
   *
   * @throws HeddleException INVALID_REQUEST if the file cannot be read, or a line is no such time
   */
  public static long[] read(Path file) {
    var times = new long[1_024];
    int count = 0;
    try (var lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        var text = line.strip();
        if (text.isEmpty() || text.startsWith("#")) {
          continue;
        }
        if (count == MOST) {
          throw refusal(file, number, "too much", "at most 10,000,000 times");
        }
        long nanos = nanos(file, number, text);
        if (count > 0 && nanos < times[count - 1]) {
          throw refusal(file, number, text, "not less than the time before it");
        }
        if (count == times.length) {
          times = Arrays.copyOf(times, 2 * count);
        }
        times[count++] = nanos;
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "arrivals: " + file + " (expected: a readable UTF-8 file)", e);
    }
    if (count == 0) {
      throw refusal(file, 1, "no time", "one a line");
    }
    return Arrays.copyOf(times, count);
  }

  private static long nanos(Path file, int number, String text) {
    double millis;
    try {
      millis = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw refusal(file, number, text, "milliseconds from the beginning");
    }
    if (!(millis >= 0 && millis <= LONGEST_MILLIS)) {
      throw refusal(file, number, text, "0..86400000 milliseconds");
    }
    return Math.round(millis * 1e6);
  }

  private static HeddleException refusal(Path file, int line, String value, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "arrivals: " + file + " line " + line + ": " + value + " (expected: " + expected + ")");
  }
}
