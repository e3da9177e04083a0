package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskSpaceTest {
  @TempDir Path directory;
  private final ManualTicker ticker = new ManualTicker();

  @Test
  void moreThanIsKeptHasToBeFree() throws IOException {
    DiskSpace open = new DiskSpace(directory, new DataSize(0), ticker);
    assertTrue(open.enough());
    open.require();
    long total = Files.getFileStore(directory).getTotalSpace();
    DiskSpace full = new DiskSpace(directory, new DataSize(total), ticker);
    assertFalse(full.enough());
    HeddleException refused = assertThrows(HeddleException.class, full::require);
    assertEquals(ErrorCode.STORAGE_FULL, refused.code());
    assertEquals(ErrorCode.Kind.CAPACITY, refused.code().kind());
    assertTrue(
        refused.getMessage().startsWith("free space in " + directory + ": "), refused.getMessage());
  }

  @Test
  void aDiskIsLookedAtNowAndThen() throws IOException {
    Path folder = Files.createDirectory(directory.resolve("disk"));
    DiskSpace space = new DiskSpace(folder, new DataSize(0), ticker);
    Files.delete(folder);
    ticker.advance(Duration.ofMillis(200));
    assertTrue(space.enough(), "as it was looked at last");
    ticker.advance(Duration.ofMillis(1));
    assertFalse(space.enough(), "a disk that cannot be asked takes nothing");
    Files.createDirectory(folder);
    assertFalse(space.enough());
    ticker.advance(Duration.ofMillis(201));
    assertTrue(space.enough());
  }
}
