package dev.heddle.loadtest.measure;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Requests as comma-separated values (RFC 4180), one a line, under a line with the names of the
 * columns: {@code experiment,series,beganMicros,micros,outcome}. Safe for any thread.
 */
public final class CsvRequests implements AutoCloseable {
  private final BufferedWriter out;
  private final Path file;

  private CsvRequests(BufferedWriter out, Path file) {
    this.out = out;
    this.file = file;
  }

  /** Begins the file anew. */
  public static CsvRequests create(Path file) {
    try {
      var out = Files.newBufferedWriter(file);
      out.write("experiment,series,beganMicros,micros,outcome\r\n");
      return new CsvRequests(out, file);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static HeddleException failed(Path file, IOException e) {
    return new HeddleException(ErrorCode.STORAGE_FAILED, file + ": " + e, e);
  }

  /** Takes the requests of one experiment. */
  public RequestLog of(String experiment) {
    return request -> {
      var line =
          "%s,%s,%s,%s,%s\r\n"
              .formatted(
                  field(experiment),
                  field(request.series()),
                  micros(request.beganNanos()),
                  micros(request.nanos()),
                  field(request.outcome()));
      try {
        synchronized (out) {
          out.write(line);
        }
      } catch (IOException e) {
        throw failed(file, e);
      }
    };
  }

  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%.1f", nanos / 1e3);
  }

  private static String field(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  @Override
  public void close() {
    try {
      synchronized (out) {
        out.close();
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
