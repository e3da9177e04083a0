package dev.heddle.shard;

import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.IORunnable;

/**
 * A commit of a shard's index whose files stay until this is closed. Safe for any thread; the
 * directory outlives it.
 */
final class HeldCommit implements AutoCloseable {
  private final LogPosition at;
  private final Directory directory;
  private final List<String> files;
  private final IORunnable release;
  private final AtomicBoolean released = new AtomicBoolean();

  /**
   * @param at what of the log the commit holds
   * @param files all files of the commit, in the directory
   * @param release lets the files go; run once
   */
  HeldCommit(LogPosition at, Directory directory, List<String> files, IORunnable release) {
    this.at = at;
    this.directory = directory;
    this.files = List.copyOf(files);
    this.release = release;
  }

  LogPosition at() {
    return at;
  }

  Directory directory() {
    return directory;
  }

  List<String> files() {
    return files;
  }

  /** Lets the files go; the second call does nothing. */
  @Override
  public void close() throws IOException {
    if (released.compareAndSet(false, true)) {
      release.run();
    }
  }
}
