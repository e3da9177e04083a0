package dev.heddle.loadtest.chaos;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A file system of a given size, in memory, that can be filled up and emptied again. Needs root and
 * {@code mount}. For one thread; {@link #close} unmounts it, and all that is on it is gone.
 */
public final class SmallDisk implements AutoCloseable {
  private static final int STEP = 64 << 10;

  private final Path directory;
  private final Path ballast;
  private final AtExit atExit;

  /**
   * @param directory empty; becomes the disk
   * @throws HeddleException UNAVAILABLE if it cannot be mounted
   */
  public SmallDisk(Path directory, DataSize size) {
    this.directory = directory;
    this.ballast = directory.resolve("ballast");
    SystemTool.run(
        "mount", "-t", "tmpfs", "-o", "size=" + size.bytes(), "tmpfs", directory.toString());
    this.atExit = AtExit.run("disk-at-exit", this::unmount);
  }

  /** Why there can be none here; empty: there can. */
  public static Optional<String> missing(Path emptyDirectory) {
    try (var _ = new SmallDisk(emptyDirectory, DataSize.ofMiB(1))) {
      return Optional.empty();
    } catch (HeddleException e) {
      return Optional.of("no small disk: " + e.getMessage());
    }
  }

  public Path directory() {
    return directory;
  }

  /** Takes all space but so much. */
  public void fill(DataSize left) {
    try (var file =
        FileChannel.open(
            ballast,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      var zeros = ByteBuffer.allocate(STEP);
      for (long free = free(); free > left.bytes(); free = free()) {
        zeros.clear().limit((int) Math.min(STEP, free - left.bytes()));
        if (file.write(zeros) == 0) {
          return;
        }
      }
    } catch (IOException e) {
      if (free() > STEP) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, ballast + ": " + e, e);
      }
      // Whoever else writes to the disk was faster: full it is.
    }
  }

  /** Gives back what {@link #fill} took. */
  public void empty() {
    try {
      Files.deleteIfExists(ballast);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, ballast + ": " + e, e);
    }
  }

  /** Bytes left. */
  public long free() {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, directory + ": " + e, e);
    }
  }

  @Override
  public void close() {
    atExit.cancel();
    unmount();
  }

  private void unmount() {
    // Lazily: who still has a file open there shall not keep it in the tree.
    SystemTool.run("umount", "--lazy", directory.toString());
  }
}
