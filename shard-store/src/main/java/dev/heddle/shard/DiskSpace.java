package dev.heddle.shard;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Keeps some of the disk free: merges and logs that have begun have to come to their end, and a
 * full disk would fail them. Safe for any thread.
 */
final class DiskSpace {
  private static final long LOOK_NANOS = Duration.ofMillis(200).toNanos();

  private final Path directory;
  private final DataSize kept;
  private final Ticker ticker;
  private volatile long free;
  private volatile long lookedAt;

  DiskSpace(Path directory, DataSize kept, Ticker ticker) {
    this.directory = directory;
    this.kept = kept;
    this.ticker = ticker;
    this.free = look();
    this.lookedAt = ticker.nanoTime();
  }

  /** Whether there is more room than is kept. */
  boolean enough() {
    long now = ticker.nanoTime();
    if (now - lookedAt > LOOK_NANOS) {
      free = look();
      lookedAt = now;
    }
    return free > kept.bytes();
  }

  /**
   * @throws HeddleException STORAGE_FULL
   */
  void require() {
    if (!enough()) {
      throw new HeddleException(
          ErrorCode.STORAGE_FULL,
          "free space in %s: %s (expected: more than %s)"
              .formatted(directory, new DataSize(free), kept));
    }
  }

  private long look() {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      // A disk that cannot even be asked takes no writes.
      return 0;
    }
  }
}
