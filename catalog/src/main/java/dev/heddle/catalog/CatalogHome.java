package dev.heddle.catalog;

import dev.heddle.process.DataDirectory;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a member of the catalog: {@code cluster} says of which one, {@code state.json}
 * is the last state that was written, {@code log} the log. One thread at a time.
 */
final class CatalogHome implements AutoCloseable {
  private static final String SINGLE_FILE = "catalog.json";

  /**
   * Which cluster this is.
   *
   * @param founding whether this node is to begin it, and may not have done so yet
   */
  record Note(UUID cluster, boolean founding) {}

  private final DataDirectory directory;

  private CatalogHome(DataDirectory directory) {
    this.directory = directory;
  }

  /**
   * Opens, and creates where missing.
   *
   * @throws HeddleException CONFLICT if another process has it, STORAGE_FAILED if it holds a
   *     catalog of the single-file form or other data
   */
  static CatalogHome open(Path path) {
    refuseSingleFile(path);
    return new CatalogHome(DataDirectory.open(path, CatalogFile.FORMAT, "catalog"));
  }

  Path path() {
    return directory.path();
  }

  /** Where the log is. */
  Path log() {
    return path().resolve("log");
  }

  /** Whether there is a log of the cluster's. */
  boolean hasLog(UUID cluster) {
    return Files.exists(log().resolve(cluster.toString()));
  }

  /** The last state that was written. */
  Path state() {
    return path().resolve("state.json");
  }

  /** A state that was fetched and is to become the last one. */
  Path fetched() {
    return path().resolve("state.json.fetched");
  }

  /**
   * What was noted; empty: nothing yet.
   *
   * @throws HeddleException STORAGE_FAILED
   */
  Optional<Note> note() {
    Path file = noteFile();
    try {
      if (Files.notExists(file)) {
        return Optional.empty();
      }
      String text = Files.readString(file).strip();
      String[] parts = text.split(" ", -1);
      boolean founding = parts[parts.length - 1].equals("founding");
      if (parts.length != 2 || !(founding || parts[1].equals("member"))) {
        throw damaged(file, text, null);
      }
      try {
        return Optional.of(new Note(UUID.fromString(parts[0]), founding));
      } catch (IllegalArgumentException e) {
        throw damaged(file, text, e);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Returns once the note is on disk.
   *
   * @throws HeddleException STORAGE_FAILED
   */
  void note(Note note) {
    String text = note.cluster() + (note.founding() ? " founding\n" : " member\n");
    try {
      DurableFiles.replace(noteFile(), text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw failed(noteFile(), e);
    }
  }

  /** Makes the fetched state the last one; returns once that is on disk. */
  void install() throws IOException {
    Files.move(
        fetched(), state(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DurableFiles.forceDirectory(path());
  }

  /**
   * Puts log and state aside, in {@code former}, for a member that the others have replaced while
   * it was away: it begins anew with what they send.
   *
   * @throws HeddleException STORAGE_FAILED
   */
  void putAside() {
    Path former = path().resolve("former");
    try {
      delete(former);
      Files.createDirectory(former);
      for (Path path : List.of(log(), state())) {
        if (Files.exists(path)) {
          Files.move(path, former.resolve(path().relativize(path)), StandardCopyOption.ATOMIC_MOVE);
        }
      }
      DurableFiles.forceDirectory(path());
    } catch (IOException e) {
      throw failed(former, e);
    }
  }

  @Override
  public void close() {
    directory.close();
  }

  private Path noteFile() {
    return path().resolve("cluster");
  }

  private static void delete(Path tree) throws IOException {
    if (Files.notExists(tree)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(tree)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }

  private static void refuseSingleFile(Path path) {
    Path marker = path.resolve("format");
    try {
      String format = Files.exists(marker) ? Files.readString(marker).strip() : "none";
      if (format.equals("catalog 1") || Files.exists(path.resolve(SINGLE_FILE))) {
        throw new HeddleException(
            ErrorCode.STORAGE_FAILED,
            "catalog directory: "
                + path
                + ": a catalog of the single-file form, format "
                + format
                + " (expected: an empty directory or a replicated catalog, format catalog "
                + CatalogFile.FORMAT
                + "; it was left as it is: there is no way to convert it)");
      }
    } catch (IOException e) {
      throw failed(marker, e);
    }
  }

  private static HeddleException damaged(Path file, String text, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED,
        file + ": " + text + " (expected: the cluster's id, then founding or member)",
        cause);
  }

  private static HeddleException failed(Path file, IOException e) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED, file + ": " + e + " (expected: a usable file)", e);
  }
}
