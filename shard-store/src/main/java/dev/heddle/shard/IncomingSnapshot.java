package dev.heddle.shard;

import dev.heddle.process.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/**
 * How a fetched index takes the place of a shard's present one. In the shard's folder, {@code
 * index/} is the present one, {@code incoming/} the one that is being fetched, with the marker
 * {@code complete} once all of it is on disk, and {@code replaced/} the former one until it is
 * deleted. At every moment one of them is whole, and what is on disk tells the next step, so that a
 * crash between two steps loses nothing. One thread to a shard.
 */
final class IncomingSnapshot {
  private static final String INDEX = "index";
  private static final String INCOMING = "incoming";
  private static final String REPLACED = "replaced";

  /** Name of the marker. */
  static final String COMPLETE = "complete";

  private IncomingSnapshot() {}

  /** Where a shard's next index is fetched to. */
  static Path incoming(Path shardFolder) {
    return shardFolder.resolve(INCOMING);
  }

  /**
   * Puts a complete incoming index in the place of the present one, and deletes an incomplete one.
   * Afterwards there is {@code index/} or nothing. Call before anything else makes or opens {@code
   * index/}; a folder that is not there is fine.
   */
  static void finish(Path shardFolder) throws IOException {
    boolean more = Files.isDirectory(shardFolder);
    while (more) {
      more = step(shardFolder);
    }
  }

  /**
   * Does the next step, durable on return.
   *
   * @return whether there was one
   */
  static boolean step(Path shardFolder) throws IOException {
    Path index = shardFolder.resolve(INDEX);
    Path incoming = incoming(shardFolder);
    Path replaced = shardFolder.resolve(REPLACED);
    boolean there = Files.exists(index);
    if (there && Files.deleteIfExists(index.resolve(COMPLETE))) {
      DurableFiles.forceDirectory(index);
    } else if (there && Files.exists(replaced)) {
      // Another index is in its place: it is of no more use, and may be deleted in part.
      delete(replaced);
    } else if (Files.exists(incoming.resolve(COMPLETE))) {
      // With its marker, so that it stays complete wherever it is.
      move(there ? index : incoming, there ? replaced : index);
    } else if (Files.exists(incoming)) {
      delete(incoming);
    } else if (Files.exists(replaced)) {
      // Somebody took away the one that was to come.
      move(replaced, index);
    } else {
      return false;
    }
    return true;
  }

  /** Makes an empty folder for an index that is to come, whatever was there. */
  static void empty(Path incoming) throws IOException {
    if (Files.deleteIfExists(incoming.resolve(COMPLETE))) {
      // First of all, and durably: the rest goes file by file, and must not pass for complete.
      DurableFiles.forceDirectory(incoming);
    }
    if (Files.exists(incoming)) {
      delete(incoming);
    }
    Files.createDirectories(incoming);
    forceNames(incoming);
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    forceNames(from);
  }

  private static void delete(Path folder) throws IOException {
    DurableFiles.deleteAll(folder);
    forceNames(folder);
  }

  /** Makes durable which files and folders stand beside {@code path}, itself included. */
  private static void forceNames(Path path) throws IOException {
    DurableFiles.forceDirectory(
        Objects.requireNonNull(path.toAbsolutePath().getParent(), "parent"));
  }
}
