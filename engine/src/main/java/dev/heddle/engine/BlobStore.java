package dev.heddle.engine;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Code by its SHA-256, as files in a directory. A blob is there as a whole, on disk for good, or
 * not at all; one whose bytes have changed is put aside and counts as missing. Safe for any thread,
 * in one process.
 */
public final class BlobStore {
  public static final DataSize DEFAULT_MAX_SIZE = DataSize.ofGiB(4);

  private static final Logger log = LoggerFactory.getLogger(BlobStore.class);
  private static final String UNFINISHED = ".tmp";
  private static final String BROKEN = ".broken";

  private final Path directory;
  private final DataSize maxSize;
  private final ReentrantLock writing = new ReentrantLock();

  /** Guarded by {@link #writing}. */
  private long bytes;

  public BlobStore(Path directory) {
    this(directory, DEFAULT_MAX_SIZE);
  }

  /**
   * Opens the store, creating the directory if needed.
   *
   * @param maxSize of all blobs together; beyond it, {@link #put} refuses
   */
  public BlobStore(Path directory, DataSize maxSize) {
    this.directory = directory;
    this.maxSize = maxSize;
    try {
      Files.createDirectories(directory);
      for (var file : files()) {
        if (file.getFileName().toString().endsWith(UNFINISHED)) {
          Files.delete(file);
        } else {
          bytes += Files.size(file);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw failed("opening " + directory, e);
    }
  }

  private List<Path> files() throws IOException {
    var files = new ArrayList<Path>();
    try (var listing = Files.newDirectoryStream(directory)) {
      listing.forEach(files::add);
    }
    return files;
  }

  private static HeddleException failed(String what, Exception cause) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED, "blob store: " + what + " failed: " + cause, cause);
  }

  private Path file(String digest) {
    if (!Digests.valid(digest)) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST, "digest", digest, "SHA-256 as 64 lower-case hex digits");
    }
    return directory.resolve(digest);
  }

  /** Keeps the content; once this returns, it survives a crash. Does nothing if it is there. */
  public void put(String digest, byte[] content) {
    var target = file(digest);
    var actual = Digests.of(content);
    if (!actual.equals(digest)) {
      throw Refusals.refuse(ErrorCode.INVALID_REQUEST, "content", "digest " + actual, digest);
    }
    writing.lock();
    try {
      if (Files.exists(target)) {
        return;
      }
      if (bytes + content.length > maxSize.bytes()) {
        throw Refusals.refuse(
            ErrorCode.LIMIT_REACHED,
            "blob store",
            bytes + " bytes and " + content.length + " more",
            "at most " + maxSize);
      }
      DurableFiles.replace(target, content);
      bytes += content.length;
    } catch (IOException e) {
      throw failed("writing " + digest, e);
    } finally {
      writing.unlock();
    }
  }

  /** The content, checked against its digest; empty if it is not there or was damaged. */
  public Optional<byte[]> get(String digest) {
    var source = file(digest);
    byte[] content;
    try {
      content = Files.readAllBytes(source);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failed("reading " + digest, e);
    }
    if (Digests.of(content).equals(digest)) {
      return Optional.of(content);
    }
    log.error("blob damaged, put aside digest={} bytes={}", digest, content.length);
    setAside(source);
    return Optional.empty();
  }

  private void setAside(Path source) {
    writing.lock();
    try {
      Files.move(
          source,
          source.resolveSibling(source.getFileName() + BROKEN),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException e) {
      // Somebody else has seen it, too.
      return;
    } catch (IOException e) {
      throw failed("putting aside " + source, e);
    } finally {
      writing.unlock();
    }
  }

  public boolean has(String digest) {
    return Files.exists(file(digest));
  }

  /** Forgets a blob that no version names any more; whether it was there. */
  public boolean delete(String digest) {
    var target = file(digest);
    writing.lock();
    try {
      long size = Files.exists(target) ? Files.size(target) : 0;
      boolean deleted = Files.deleteIfExists(target);
      bytes -= size;
      return deleted;
    } catch (IOException e) {
      throw failed("deleting " + digest, e);
    } finally {
      writing.unlock();
    }
  }

  /** Digests of all blobs. */
  public List<String> digests() {
    try {
      return files().stream()
          .map(file -> file.getFileName().toString())
          .filter(Digests::valid)
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw failed("listing", e);
    }
  }
}
