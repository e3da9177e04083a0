package dev.heddle.shard;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurableFiles;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.DoubleConsumer;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of a commit as they come from another node, believing nothing that it has not
 * checked: first {@link #begin}, then for each file {@link #open}, {@link #write} and {@link
 * #close(int)}, then {@link #finish}. For one thread.
 */
final class SnapshotWriting implements AutoCloseable {
  /** Far more than a commit ever has. */
  private static final int MOST_FILES = 100_000;

  /** As Lucene names the files of a commit. */
  private static final Pattern NAME = Pattern.compile("(?:_|segments_)[A-Za-z0-9][\\w.-]{0,127}");

  private final Path folder;
  private final DoubleConsumer progress;
  private @Nullable LogPosition at;
  private int filesLeft;
  private long bytes;

  /** Of files that were not named yet. */
  private long bytesLeft;

  private long written;
  private @Nullable Current current;

  /** A file that is being written. */
  private static final class Current {
    final String name;
    final FileChannel channel;
    final CRC32C checksum = new CRC32C();
    long left;

    Current(String name, FileChannel channel, long left) {
      this.name = name;
      this.channel = channel;
      this.left = left;
    }
  }

  /**
   * @param folder empty
   * @param progress told the part that is there, 0..1
   */
  SnapshotWriting(Path folder, DoubleConsumer progress) {
    this.folder = folder;
    this.progress = progress;
  }

  /**
   * @param position what of the log the commit holds
   * @param files that come; 0: there is no commit yet
   * @param size of all of them together, in bytes
   */
  void begin(LogPosition position, int files, long size) throws IOException {
    if (at != null) {
      throw new IOException("snapshot: a second header (expected: files)");
    }
    if (files == 0 && size == 0) {
      at = LogPosition.NONE;
      return;
    }
    if (position.term() < 0 || position.index() < 0) {
      throw new IOException("snapshot position: " + position + " (expected: term, index >= 0)");
    }
    if (files < 1 || files > MOST_FILES) {
      throw new IOException(
          "snapshot files: "
              + Integer.toUnsignedString(files)
              + " (expected: 1.."
              + MOST_FILES
              + ")");
    }
    long room = Files.getFileStore(folder).getUsableSpace();
    if (size < 0 || size > room) {
      throw new IOException(
          "snapshot bytes: "
              + Long.toUnsignedString(size)
              + " (expected: at most "
              + new DataSize(room)
              + ", the free space in "
              + folder
              + ")");
    }
    at = position;
    filesLeft = files;
    bytes = size;
    bytesLeft = size;
  }

  /** Begins a file of so many bytes. */
  void open(String name, long size) throws IOException {
    if (at == null || current != null) {
      throw new IOException("snapshot: file " + shown(name) + " out of turn (expected: " + due());
    }
    if (!NAME.matcher(name).matches()) {
      throw new IOException(
          "snapshot file: " + shown(name) + " (expected: the name of a file of an index)");
    }
    if (filesLeft == 0 || size < 0 || size > bytesLeft) {
      throw new IOException(
          "snapshot file %s: %s bytes (expected: %d more files of together %d bytes)"
              .formatted(name, Long.toUnsignedString(size), filesLeft, bytesLeft));
    }
    FileChannel channel =
        FileChannel.open(
            folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    current = new Current(name, channel, size);
    filesLeft--;
    bytesLeft -= size;
  }

  /** Writes the next bytes of the file. */
  void write(ByteBuffer data) throws IOException {
    Current file = current;
    if (file == null || !data.hasRemaining() || data.remaining() > file.left) {
      throw new IOException(
          "snapshot: %d bytes of a file (expected: %s".formatted(data.remaining(), due()));
    }
    file.left -= data.remaining();
    written += data.remaining();
    file.checksum.update(data.duplicate());
    while (data.hasRemaining()) {
      file.channel.write(data);
    }
    progress.accept((double) written / bytes);
  }

  /** Ends the file; it is on disk on return. */
  void close(int checksum) throws IOException {
    Current file = current;
    if (file == null || file.left > 0) {
      throw new IOException("snapshot: checksum out of turn (expected: " + due());
    }
    if ((int) file.checksum.getValue() != checksum) {
      throw new IOException(
          "snapshot file %s: checksum %08x (expected: %08x)"
              .formatted(file.name, (int) file.checksum.getValue(), checksum));
    }
    file.channel.force(true);
    file.channel.close();
    current = null;
  }

  /**
   * All that was to come has come: marks the folder as complete, durably; unless nothing was.
   *
   * @return what of the log the commit holds
   */
  LogPosition finish() throws IOException {
    LogPosition position = at;
    if (position == null || current != null || filesLeft > 0 || bytesLeft > 0) {
      throw new IOException("snapshot: ended early (expected: " + due());
    }
    if (position.equals(LogPosition.NONE)) {
      return position;
    }
    DurableFiles.forceDirectory(folder);
    String text = "term=" + position.term() + " index=" + position.index() + "\n";
    DurableFiles.replace(
        folder.resolve(IncomingSnapshot.COMPLETE), text.getBytes(StandardCharsets.UTF_8));
    return position;
  }

  private String due() {
    Current file = current;
    if (at == null) {
      return "a header)";
    }
    if (file != null) {
      return file.left > 0
          ? "at most " + file.left + " bytes of " + file.name + ")"
          : "the checksum of " + file.name + ")";
    }
    return filesLeft + " more files of together " + bytesLeft + " bytes)";
  }

  /** A name from outside, for a message. */
  private static String shown(String name) {
    String printable = name.replaceAll("[^ -~]", "?");
    return printable.length() <= 100 ? printable : printable.substring(0, 100) + "…";
  }

  @Override
  public void close() throws IOException {
    if (current != null) {
      current.channel.close();
    }
  }
}
