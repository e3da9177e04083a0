package dev.heddle.replication;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off what a crash left of the last entry of a log. Such an entry was never forced to disk, so
 * nobody was told that it counts. A log that is damaged where sound entries stand behind is
 * refused: they may have been acknowledged.
 *
 * <p>A log file is a header, then entries, each a varint length, so many bytes and their CRC-32C
 * over both; zeros to its end.
 */
final class LogRepair {
  private static final Logger log = LoggerFactory.getLogger(LogRepair.class);
  private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
  private static final String OPEN = "log_inprogress_";
  private static final int LONGEST_VARINT = 5;

  /** How an entry begins: its term is field 1, its index field 2, both varints. */
  private static final byte TERM_TAG = 0x08;

  private static final byte INDEX_TAG = 0x10;

  private LogRepair() {}

  /**
   * @param group folder of a group; need not exist
   * @throws IOException also if a log is damaged before its end; it is left as it is
   */
  static void run(Path group) throws IOException {
    Path current = group.resolve("current");
    if (!Files.isDirectory(current)) {
      return;
    }
    List<Path> open;
    try (Stream<Path> files = Files.list(current)) {
      open = files.filter(file -> String.valueOf(file.getFileName()).startsWith(OPEN)).toList();
    }
    for (Path file : open) {
      repair(file);
    }
  }

  private static void repair(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length < HEADER.length
        || !Arrays.equals(bytes, 0, HEADER.length, HEADER, 0, HEADER.length)) {
      return;
    }
    int at = HEADER.length;
    for (int next = end(bytes, at); next > 0; next = end(bytes, at)) {
      at = next;
    }
    if (zeros(bytes, at)) {
      return;
    }
    if (soundBehind(bytes, at)) {
      throw new IOException(
          "%s: damaged at %d, before sound entries (expected: a sound log; without its folder, the"
                  .formatted(file, at)
              + " replica is fetched anew from the others)");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      // Zeros in place: the file keeps the room that it had.
      ByteBuffer zeros = ByteBuffer.allocate(bytes.length - at);
      for (int position = at; zeros.hasRemaining(); ) {
        position += channel.write(zeros, position);
      }
      channel.force(true);
    }
    log.warn("torn last entry cut off file={} offset={}", file, at);
  }

  /** Where the entry at an offset ends; -1: there is no sound one. */
  private static int end(byte[] bytes, int at) {
    int end = claimedEnd(bytes, at);
    if (end < 0 || end > bytes.length) {
      return -1;
    }
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, at, end - Integer.BYTES - at);
    int expected = ByteBuffer.wrap(bytes).getInt(end - Integer.BYTES);
    return expected == (int) checksum.getValue() ? end : -1;
  }

  /** Whether there is a sound entry anywhere behind an offset. */
  private static boolean soundBehind(byte[] bytes, int damaged) {
    for (int at = damaged + 1; at < bytes.length; at++) {
      if (looksLikeEntry(bytes, at) && end(bytes, at) > 0) {
        return true;
      }
    }
    return false;
  }

  /** Whether there may be a length, a term and an index: sums over all the rest would take long. */
  private static boolean looksLikeEntry(byte[] bytes, int at) {
    int term = afterVarint(bytes, at);
    if (term >= bytes.length || bytes[term] != TERM_TAG) {
      return false;
    }
    int index = afterVarint(bytes, term + 1);
    return index < bytes.length && bytes[index] == INDEX_TAG;
  }

  private static int afterVarint(byte[] bytes, int at) {
    int end = at;
    while (end < bytes.length && bytes[end] < 0) {
      end++;
    }
    return end + 1;
  }

  private static int claimedEnd(byte[] bytes, int at) {
    long length = 0;
    for (int i = 0; i < LONGEST_VARINT && at + i < bytes.length; i++) {
      length |= (long) (bytes[at + i] & 0x7f) << (7 * i);
      if (bytes[at + i] >= 0) {
        long end = at + i + 1 + length + Integer.BYTES;
        return length == 0 || end > Integer.MAX_VALUE ? -1 : (int) end;
      }
    }
    return -1;
  }

  private static boolean zeros(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
