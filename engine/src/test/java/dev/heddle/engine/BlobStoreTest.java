package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BlobStoreTest {
  private static final byte[] CODE = "code".getBytes(StandardCharsets.UTF_8);
  private static final String DIGEST = Digests.of(CODE);

  @TempDir private Path directory;

  @Test
  void keepsBlobsOverARestart() {
    new BlobStore(directory).put(DIGEST, CODE);
    var store = new BlobStore(directory);
    store.put(DIGEST, CODE);
    assertArrayEquals(CODE, store.get(DIGEST).orElseThrow());
    assertTrue(store.has(DIGEST));
    assertEquals(List.of(DIGEST), store.digests());
    assertTrue(store.delete(DIGEST));
    assertFalse(store.delete(DIGEST));
    assertEquals(Optional.empty(), store.get(DIGEST));
  }

  @Test
  void refusesContentOfAnotherDigestAndNamesThatAreNone() {
    var store = new BlobStore(directory);
    fails(
        ErrorCode.INVALID_REQUEST,
        "content: digest " + DIGEST + " (expected: " + "0".repeat(64) + ")",
        () -> store.put("0".repeat(64), CODE));
    for (var name : List.of("../../etc/passwd", "", DIGEST.toUpperCase(Locale.ROOT))) {
      fails(ErrorCode.INVALID_REQUEST, () -> store.get(name));
    }
  }

  @Test
  void putsDamagedBlobsAsideAndTakesThemAnew() throws IOException {
    var store = new BlobStore(directory);
    store.put(DIGEST, CODE);
    Files.write(directory.resolve(DIGEST), new byte[] {0});
    assertEquals(Optional.empty(), store.get(DIGEST));
    assertFalse(store.has(DIGEST));
    store.put(DIGEST, CODE);
    assertArrayEquals(CODE, store.get(DIGEST).orElseThrow());
  }

  @Test
  void boundsWhatItKeeps() {
    var store = new BlobStore(directory, DataSize.ofBytes(6));
    store.put(DIGEST, CODE);
    var more = "more".getBytes(StandardCharsets.UTF_8);
    fails(
        ErrorCode.LIMIT_REACHED,
        "blob store: 4 bytes and 4 more (expected: at most 6B)",
        () -> store.put(Digests.of(more), more));
    assertTrue(store.delete(DIGEST));
    store.put(Digests.of(more), more);
    fails(
        ErrorCode.LIMIT_REACHED,
        () -> new BlobStore(directory, DataSize.ofBytes(6)).put(DIGEST, CODE));
  }

  @Test
  void forgetsWhatACrashLeftUnfinished() throws IOException {
    Files.write(directory.resolve(DIGEST + ".tmp"), new byte[] {1, 2});
    var store = new BlobStore(directory);
    assertFalse(store.has(DIGEST));
    assertFalse(Files.exists(directory.resolve(DIGEST + ".tmp")));
  }
}
