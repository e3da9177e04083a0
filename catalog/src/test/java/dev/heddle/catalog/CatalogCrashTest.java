package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.replication.RaftNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
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
@Timeout(900)
class CatalogCrashTest {
  @TempDir Path directory;

  /** A catalog of one node. */
  private record Alone(RaftNode raft, Channels channels, CatalogServer server)
      implements AutoCloseable {
    static Alone open(Path directory) {
      RaftNode raft = new RaftNode("n0", new HostPort("127.0.0.1", 0), LocalCatalog.alone());
      raft.start();
      Channels channels = new Channels(Credentials.none());
      CatalogServer server =
          new CatalogServer(
              config(), "n0", directory, raft, true, List.of(), channels, Ticker.system());
      server.start();
      eventually("it leads and serves", server::ready);
      return new Alone(raft, channels, server);
    }

    /** Writes its state often: that has to survive as well. */
    private static CatalogConfig config() {
      CatalogConfig.Replication often =
          new CatalogConfig.Replication(
              Duration.ofMillis(20),
              Duration.ofSeconds(3),
              Duration.ofSeconds(5),
              Duration.ofSeconds(2),
              10,
              DataSize.ofMiB(1),
              Duration.ofMillis(50),
              1,
              Duration.ofSeconds(30));
      return Cluster.config(often);
    }

    @Override
    public void close() {
      server.close();
      raft.close();
      channels.close();
    }
  }

  private static RawChange put(int number) {
    AppRecord app = Records.app("count", "" + number);
    return new RawChange(app.key(), Optional.of(CatalogJson.write(app)), OptionalLong.empty());
  }

  private static int stored(CatalogServer server) {
    try (CatalogWatch watch = server.watch(() -> {}, "", 0)) {
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
      CatalogServer server = Alone.open(Path.of(arguments[0])).server();
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
        assertTrue(writer.waitFor(60, TimeUnit.SECONDS));
      }
      try (Alone alone = Alone.open(directory)) {
        int stored = stored(alone.server());
        assertTrue(
            stored == acknowledged || stored == acknowledged + 1,
            "stored " + stored + " acknowledged " + acknowledged + " seed " + seed);
        assertEquals(1 + stored, alone.server().revision());
      }
    }
  }

  private static int number(@Nullable String line, int before) {
    return line != null && line.matches("\\d+") ? Integer.parseInt(line) : before;
  }
}
