package dev.heddle.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A directory that one process owns: locked while open, and marked with what it holds in which
 * format. The lock ends with the process, however it ends.
 */
public final class DataDirectory implements AutoCloseable {
  private static final String LOCK = "lock";
  private static final String FORMAT = "format";

  /**
   * Real paths that this JVM has open. The system's lock belongs to the process and ends when any
   * channel to its file is closed: a second one must not even be opened.
   */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final Path key;
  private final FileChannel channel;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DataDirectory(Path path, Path key, FileChannel channel) {
    this.path = path;
    this.key = key;
    this.channel = channel;
  }

  /**
   * Opens, and creates where missing.
   *
   * @param formatVersion what this program reads and writes, from 1
   * @param what kind of data, one word, so that directories are not mixed up
   * @throws HeddleException CONFLICT if another process has it, STORAGE_FAILED if it holds other
   *     data, another format, or cannot be used
   */
  public static DataDirectory open(Path dir, int formatVersion, String what) {
    try {
      Files.createDirectories(dir);
      Path key = dir.toRealPath();
      if (!OPEN.add(key)) {
        throw inUse(dir, Long.toString(ProcessHandle.current().pid()));
      }
      try {
        return open(dir, key, formatVersion, what);
      } catch (IOException | RuntimeException e) {
        OPEN.remove(key);
        throw e;
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          "data directory: " + dir + " (expected: a directory that can be written): " + e,
          e);
    }
  }

  private static DataDirectory open(Path dir, Path key, int formatVersion, String what)
      throws IOException {
    FileChannel channel =
        FileChannel.open(
            dir.resolve(LOCK),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      lock(dir, channel);
      checkFormat(dir, formatVersion, what);
      return new DataDirectory(dir, key, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  /** Gives up the lock; the second call does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, "lock: not released: " + e, e);
      } finally {
        OPEN.remove(key);
      }
    }
  }

  private static void lock(Path dir, FileChannel channel) throws IOException {
    if (channel.tryLock() == null) {
      throw inUse(dir, owner(channel));
    }
    byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8);
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(pid), 0);
  }

  private static HeddleException inUse(Path dir, String pid) {
    return new HeddleException(
        ErrorCode.CONFLICT,
        "data directory: "
            + dir
            + " in use by process "
            + pid
            + " (expected: a directory that no running process has open)");
  }

  private static String owner(FileChannel channel) {
    ByteBuffer buffer = ByteBuffer.allocate(32);
    try {
      channel.read(buffer, 0);
    } catch (IOException e) {
      return "unknown";
    }
    String pid = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8).strip();
    return pid.matches("\\d+") ? pid : "unknown";
  }

  private static void checkFormat(Path dir, int formatVersion, String what) throws IOException {
    Path file = dir.resolve(FORMAT);
    if (!Files.exists(file)) {
      DurableFiles.replace(
          file, (what + " " + formatVersion + "\n").getBytes(StandardCharsets.UTF_8));
      return;
    }
    String found = Files.readString(file).strip();
    String[] parts = found.split(" ", 2);
    if (parts.length != 2 || !parts[0].equals(what) || !parts[1].matches("\\d{1,9}")) {
      throw refused(file, found, what + " " + formatVersion);
    }
    int version = Integer.parseInt(parts[1]);
    if (version > formatVersion) {
      throw refused(file, found, what + " " + formatVersion + " or older; a newer Heddle wrote it");
    }
    if (version < formatVersion) {
      throw refused(file, found, what + " " + formatVersion + "; there is no way to convert it");
    }
  }

  private static HeddleException refused(Path file, String found, String expected) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED, file + ": " + found + " (expected: " + expected + ")");
  }
}
