package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.process.Ticker;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("chaos")
@Timeout(120)
class CatalogCrashTest {
  @TempDir Path directory;

  private static CatalogServer open(Path directory) {
    CatalogServer server =
        new CatalogServer(directory, Ticker.system(), Clock.systemUTC(), CatalogConfig.defaults());
    server.start();
    return server;
  }

  private static RawChange put(int number) {
    AppRecord app = Records.app("count", "" + number);
    return new RawChange(app.key(), Optional.of(CatalogJson.write(app)), OptionalLong.empty());
  }

  private static int stored(CatalogServer server) {
    try (CatalogWatch watch = server.watch(() -> {})) {
      return CatalogView.empty()
          .with(watch.poll().orElseThrow())
          .app("default", "count")
          .map(app -> Integer.parseInt(app.yaml()))
          .orElse(0);
    }
  }

  /** Run in another process: counts up, and says so after each write. */
  static final class Writer {
    public static void main(String[] arguments) {
      CatalogServer server = open(Path.of(arguments[0]));
      for (int next = stored(server) + 1; ; next++) {
        server.write(List.of(put(next)));
        System.out.println(next);
        System.out.flush();
      }
    }
  }

  @Test
  void nothingAcknowledgedIsLostWhenTheServerIsKilled() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 5; round++) {
      Process writer =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  directory.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      int acknowledged = 0;
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
        int until = 20 + random.nextInt(100);
        for (int i = 0; i < until; i++) {
          acknowledged = number(out.readLine(), acknowledged);
        }
        // By its handle: destroying the process itself would also drop what it has printed.
        assertTrue(writer.toHandle().destroyForcibly());
        String line = out.readLine();
        while (line != null) {
          acknowledged = number(line, acknowledged);
          line = out.readLine();
        }
      } finally {
        writer.destroyForcibly();
        assertTrue(writer.waitFor(10, TimeUnit.SECONDS));
      }
      try (CatalogServer server = open(directory)) {
        int stored = stored(server);
        assertTrue(
            stored == acknowledged || stored == acknowledged + 1,
            "stored " + stored + " acknowledged " + acknowledged + " seed " + seed);
        assertEquals(1 + stored, server.revision());
      }
    }
  }

  private static int number(@Nullable String line, int before) {
    return line != null && line.matches("\\d+") ? Integer.parseInt(line) : before;
  }
}
