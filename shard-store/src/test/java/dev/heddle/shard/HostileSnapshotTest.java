package dev.heddle.shard;

import static dev.heddle.shard.ScriptedSnapshots.checksum;
import static dev.heddle.shard.ScriptedSnapshots.data;
import static dev.heddle.shard.ScriptedSnapshots.file;
import static dev.heddle.shard.ScriptedSnapshots.header;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.internal.v1.SnapshotChunk;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node believes nothing that another one sends. */
@Timeout(300)
class HostileSnapshotTest {
  @TempDir Path directory;

  @Test
  void theScriptOfAnHonestNodeIsTaken() throws Exception {
    assertEquals(
        new LogPosition(3, 17),
        fetch(
            header(2, 5),
            file("_0.cfs", 5),
            data("he"),
            data("llo"),
            checksum("hello"),
            file("segments_1", 0),
            checksum("")));
    assertEquals("hello", Files.readString(incoming().resolve("_0.cfs")));
    assertEquals(0, Files.size(incoming().resolve("segments_1")));
  }

  @Test
  void headersThatMakeNoSenseAreRefused() throws Exception {
    assertRefused("snapshot files: 0 (expected: 1..100000)", header(0, 1));
    assertRefused("expected: 0 more files of together 0 bytes", header(0, 0), file("_0.a", 0));
    assertRefused("snapshot files: 4294967295", header(-1, 0));
    assertRefused("snapshot files: 100001", header(100_001, 0));
    assertRefused("snapshot bytes: 18446744073709551615", header(1, -1));
    assertRefused("free space", header(1, Long.MAX_VALUE));
    assertRefused("index=-1", header(1, -1, 1, 1));
    assertRefused("term=-5", header(-5, 1, 1, 1));
    assertRefused("a second header", header(1, 1), header(1, 1));
  }

  @Test
  void namesThatLeadElsewhereAreRefused() throws Exception {
    for (String name :
        List.of(
            "",
            ".",
            "..",
            "../_0.cfs",
            "_0/../../x",
            "/etc/passwd",
            "_a/b",
            "_a\\b",
            "a",
            "_",
            "__",
            "segments_",
            "segments_/x",
            "_0\n.cfs",
            "_0\0.cfs",
            "_0é",
            "complete",
            "complete.tmp",
            "write.lock",
            "_" + "x".repeat(200))) {
      assertRefused("expected: the name of a file of an index", header(1, 1), file(name, 1));
    }
    assertEquals(List.of("shard"), names(directory));
  }

  @Test
  void moreOrLessThanTheHeaderSaysIsRefused() throws Exception {
    assertRefused("expected: 1 more files of together 5 bytes", header(1, 5), file("_0.a", 6));
    assertRefused("_0.a: 18446744073709551615 bytes", header(1, 5), file("_0.a", -1));
    assertRefused(
        "expected: 0 more files of together 4 bytes",
        header(1, 5),
        file("_0.a", 1),
        data("x"),
        checksum("x"),
        file("_0.b", 4));
    assertRefused("expected: at most 2 bytes of _0.a", header(1, 5), file("_0.a", 2), data("xyz"));
    assertRefused(
        "expected: the checksum of _0.a", header(1, 5), file("_0.a", 2), data("xy"), data("z"));
    assertRefused("0 bytes of a file", header(1, 5), file("_0.a", 2), data(""));
    assertRefused("ended early (expected: a header)");
    assertRefused("ended early (expected: 1 more files of together 5 bytes)", header(1, 5));
    assertRefused("at most 5 bytes of _0.a", header(1, 5), file("_0.a", 5));
    assertRefused(
        "ended early (expected: the checksum of _0.a)", header(1, 1), file("_0.a", 1), data("x"));
    assertRefused(
        "ended early (expected: 0 more files of together 4 bytes)",
        header(1, 5),
        file("_0.a", 1),
        data("x"),
        checksum("x"));
  }

  @Test
  void partsOutOfTurnAreRefused() throws Exception {
    assertRefused("file _0.a out of turn (expected: a header)", file("_0.a", 1));
    assertRefused("1 bytes of a file (expected: a header)", data("x"));
    assertRefused("checksum out of turn (expected: a header)", checksum("x"));
    assertRefused("1 bytes of a file (expected: 1 more files", header(1, 1), data("x"));
    assertRefused("checksum out of turn", header(1, 1), file("_0.a", 1), checksum(""));
    assertRefused("file _0.b out of turn", header(2, 2), file("_0.a", 1), file("_0.b", 1));
    assertRefused(
        "_0.a",
        header(2, 2),
        file("_0.a", 1),
        data("x"),
        checksum("x"),
        file("_0.a", 1),
        data("y"),
        checksum("y"));
    assertRefused("message of an unknown kind", SnapshotChunk.getDefaultInstance());
  }

  @Test
  void aCorruptedPartIsRefused() throws Exception {
    assertRefused(
        "snapshot file _0.a: checksum",
        header(1, 5),
        file("_0.a", 5),
        data("he"),
        data("lLo"),
        checksum("hello"));
  }

  private void assertRefused(String message, SnapshotChunk... script) throws IOException {
    IOException refused = assertThrows(IOException.class, () -> fetch(script));
    assertTrue(String.valueOf(refused.getMessage()).contains(message), refused.getMessage());
    assertEquals(List.of(), names(incoming()), message);
  }

  private LogPosition fetch(SnapshotChunk... script) throws IOException, InterruptedException {
    AtomicReference<String> end = new AtomicReference<>("");
    try (Channels channels = new Channels(Credentials.none());
        GrpcServer server =
            new GrpcServer(
                "hostile",
                new HostPort("127.0.0.1", 0),
                List.of(new ScriptedSnapshots(List.of(script), end, true)),
                ServerOptions.internal(Credentials.none()),
                false)) {
      server.start();
      channels.local(server);
      return new SnapshotsGrpcClient(
              node -> Optional.of(server.address().toString()), channels, Duration.ofSeconds(60))
          .fetch("leader", new UUID(1, 2), incoming(), part -> {});
    }
  }

  private Path incoming() {
    return directory.resolve("shard/incoming");
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString()).toList();
    }
  }
}
