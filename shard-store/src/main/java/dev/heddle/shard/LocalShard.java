package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FilterLeafReader;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.SegmentReader;
import org.apache.lucene.index.SnapshotDeletionPolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;

/**
 * One replica's index, open for entries of the log and for reading. Entries come one after the
 * other from one thread; views and commits are taken between two of them, so that their positions
 * are exact; reads do not wait for either. Safe for any thread, but for none that is interrupted
 * while it writes: that would close the files.
 */
final class LocalShard implements AutoCloseable {
  /**
   * A schema as the log has it.
   *
   * @param version 0: not yet in the log, only for reading
   */
  record Shape(long version, Schema schema, SchemaFields fields, DocumentIndexing indexing) {}

  private final ShardIdentity identity;
  private final DataSize maxDocument;
  private final Directory directory;
  private final SnapshotDeletionPolicy commits;
  private final IndexWriter writer;
  private final Views views;
  private final RecentWrites recent = new RecentWrites();
  private final RecentRequests requests;

  /** Held while an entry is applied, and while a view or a commit is fixed. */
  private final ReentrantLock applying = new ReentrantLock();

  private volatile Shape shape;

  /** The newest schema that anyone knows; searches by it find nothing in older documents. */
  private volatile SchemaFields reading;

  /** Everything up to here is in the index; changed under the lock. */
  private volatile LogPosition applied;

  /** Up to here it is on disk. */
  private volatile LogPosition committed;

  /** Bytes of documents since the last commit. */
  private final AtomicLong uncommittedBytes = new AtomicLong();

  private volatile @Nullable String failure;
  private volatile boolean closed;

  /**
   * Opens the index in the directory, or makes an empty one.
   *
   * @param schema of the catalog, for reads before the log has one
   * @param mustExist whether an empty directory means that data was lost
   */
  LocalShard(
      ShardIdentity identity,
      Schema schema,
      ShardStoreConfig config,
      Directory directory,
      IndexWriterConfig writing,
      SnapshotDeletionPolicy commits,
      boolean mustExist)
      throws IOException {
    this.identity = identity;
    this.maxDocument = config.maxDocument();
    this.directory = directory;
    this.commits = commits;
    boolean exists = DirectoryReader.indexExists(directory);
    if (mustExist && !exists) {
      throw new IOException("index: none (expected: the shard's index, which was here)");
    }
    if (exists) {
      CommitData.read(directory).check(identity);
    }
    writer = new IndexWriter(directory, writing);
    boolean ready = false;
    try {
      CommitData stored = CommitData.of(writer);
      applied = stored.at();
      requests = RecentRequests.read(stored.requests());
      shape =
          stored.schema() == null
              ? shape(0, schema)
              : shape(stored.schemaVersion(), stored.schema());
      reading = shape.fields();
      if (!exists) {
        writer.setLiveCommitData(data().entries().entrySet());
        writer.commit();
      }
      committed = applied;
      views = new Views(writer, applying, () -> applied, recent);
      ready = true;
    } finally {
      if (!ready) {
        IOUtils.closeWhileHandlingException(writer::rollback);
      }
    }
  }

  private static Shape shape(long version, Schema schema) {
    SchemaFields fields = new SchemaFields(schema);
    return new Shape(version, schema, fields, new DocumentIndexing(fields));
  }

  private CommitData data() {
    Shape present = shape;
    return new CommitData(
        applied,
        identity.incarnation(),
        present.version(),
        present.version() == 0 ? null : present.schema(),
        requests.write());
  }

  ShardIdentity identity() {
    return identity;
  }

  /** What searches go by. */
  SchemaFields fields() {
    return reading;
  }

  /** Tells of a schema that the log does not have yet. */
  void know(long version, Schema schema) {
    if (version > shape.version()) {
      reading = new SchemaFields(schema);
    }
  }

  /** Of the schema in the log; 0: none yet, and nothing can be written. */
  long schemaVersion() {
    return shape.version();
  }

  /** The largest document that is taken; larger ones may be in the log. */
  DataSize maxDocument() {
    return maxDocument;
  }

  LogPosition applied() {
    return applied;
  }

  LogPosition committed() {
    return committed;
  }

  LogPosition visible() {
    return views.visible();
  }

  long uncommittedBytes() {
    return uncommittedBytes.get();
  }

  /** Why this shard takes no more writes; null: it does. */
  @Nullable String failure() {
    return failure;
  }

  /** The schema in the log, as far as it is applied. */
  Shape shape() {
    return shape;
  }

  /**
   * Applies an entry: seen by {@link #get} at once, but not yet by searches, and not on disk.
   *
   * @param ready documents of the changes that store one, in order; null: to be made here
   */
  void apply(LogPosition at, ShardEntry entry, @Nullable List<IndexedDocument> ready)
      throws IOException {
    applying.lock();
    try {
      requireSound();
      switch (entry) {
        case ShardEntry.Changes changes -> apply(at, changes, ready);
        case ShardEntry.SchemaChange change -> {
          if (change.version() > shape.version()) {
            shape = shape(change.version(), change.schema());
            reading = shape.fields();
          }
        }
      }
      applied = at;
    } catch (IOException | RuntimeException e) {
      fail(e);
      throw e;
    } finally {
      applying.unlock();
    }
  }

  private void apply(
      LogPosition at, ShardEntry.Changes entry, @Nullable List<IndexedDocument> ready)
      throws IOException {
    int next = 0;
    for (Change change : entry.changes()) {
      byte[] json = change.json();
      if (json == null) {
        writer.deleteDocuments(new Term(IndexFields.ID, DocumentIndexing.key(change.id())));
        recent.delete(change.id(), at.index());
      } else {
        IndexedDocument document =
            ready == null ? shape.indexing().document(change.id(), json) : ready.get(next++);
        writer.updateDocument(
            new Term(IndexFields.ID, document.key()), document.withVersion(at.index()));
        recent.put(change.id(), new StoredDocument(json, at.index()));
        uncommittedBytes.addAndGet(json.length);
      }
    }
    requests.add(
        new RecentRequests.Outcome(
            entry.request(), at.index(), entry.writtenMillis(), entry.outcomes(), entry.errors()));
  }

  /** Passes an entry that is none of the shard's. */
  void advance(LogPosition at) {
    applying.lock();
    try {
      applied = at;
    } finally {
      applying.unlock();
    }
  }

  /** What a request came to that was done already. */
  Optional<WriteResult> outcome(RequestId request) {
    applying.lock();
    try {
      return Optional.ofNullable(requests.find(request))
          .map(done ->
              ShardEntry.Changes.result(
                  done.index(), identity.incarnation(), done.outcomes(), done.errors()));
    } finally {
      applying.unlock();
    }
  }

  /**
   * A document as last applied.
   *
   * @param index everything up to here is seen, and of the document nothing beyond
   */
  record Found(Optional<StoredDocument> document, long index) {}

  /** The document as last applied, even if its entry is still being applied. */
  Found find(String id) throws IOException {
    long before = applied.index();
    RecentWrites.Entry entry = recent.find(id);
    if (entry != null) {
      return new Found(entry.document(), Math.max(before, entry.index()));
    }
    View view = views.view();
    try {
      return new Found(
          StoredDocuments.find(view.reader(), new BytesRef(id)),
          Math.max(before, view.at().index()));
    } finally {
      release(view);
    }
  }

  /** The document as last applied. */
  Optional<StoredDocument> get(String id) throws IOException {
    return find(id).document();
  }

  /** Makes everything durable that was applied before the call. */
  void commit() throws IOException {
    applying.lock();
    LogPosition at = applied;
    long bytes = uncommittedBytes.getAndSet(0);
    // Lucene asks for the data once it has fixed what the commit holds: from then on the next
    // entries may come, while the files are forced to disk.
    OnceUnlock fixed = new OnceUnlock(applying);
    try {
      CommitData data = data();
      writer.setLiveCommitData(() -> {
        fixed.run();
        return data.entries().entrySet().iterator();
      });
      writer.commit();
      committed = at;
    } catch (IOException | RuntimeException e) {
      uncommittedBytes.addAndGet(bytes);
      throw e;
    } finally {
      fixed.run();
    }
  }

  /** Unlocks a lock of its thread, once. */
  private static final class OnceUnlock implements Runnable {
    private final ReentrantLock lock;
    private boolean done;

    OnceUnlock(ReentrantLock lock) {
      this.lock = lock;
    }

    @Override
    public void run() {
      if (!done) {
        done = true;
        lock.unlock();
      }
    }
  }

  /** The last commit, kept until it is given back. */
  HeldCommit hold() throws IOException {
    IndexCommit commit = commits.snapshot();
    List<String> files = new ArrayList<>(commit.getFileNames());
    LogPosition at = CommitData.of(commit.getUserData()).at();
    return new HeldCommit(
        at,
        directory,
        files,
        () -> {
          commits.release(commit);
          writer.deleteUnusedFiles();
        });
  }

  /** Whether it was let go of, on purpose. */
  boolean closed() {
    return closed;
  }

  long recentBytes() {
    return recent.bytes();
  }

  /** Whether searches do not see everything yet. */
  boolean dirty() {
    return views.visible().index() < applied.index();
  }

  /** Lets searches see everything that was applied before the call, and segments as merged. */
  void refresh() throws IOException {
    views.maybeRefreshBlocking();
  }

  /** Whether merging everything into one segment would change anything, and is worth it. */
  boolean scattered(long upToBytes) throws IOException {
    DirectoryReader reader = views.acquire();
    try {
      if (reader.leaves().size() <= 1 && !reader.hasDeletions()) {
        return false;
      }
      long bytes = 0;
      for (LeafReaderContext leaf : reader.leaves()) {
        if (FilterLeafReader.unwrap(leaf.reader()) instanceof SegmentReader segment) {
          bytes += segment.getSegmentInfo().sizeInBytes();
        }
      }
      return bytes <= upToBytes;
    } finally {
      views.release(reader);
    }
  }

  /** Begins to merge everything into one segment. */
  void settle() throws IOException {
    writer.forceMerge(1, false);
  }

  boolean merging() {
    return !writer.getMergingSegments().isEmpty();
  }

  void setBuffer(double megabytes) {
    try {
      writer.getConfig().setRAMBufferSizeMB(megabytes);
    } catch (AlreadyClosedException e) {
      // It has failed, which is told elsewhere; the others must get theirs.
      fail(e);
    }
  }

  /** The present view; give it back to {@link #release}. */
  View acquire() throws IOException {
    return views.view();
  }

  void release(View view) throws IOException {
    views.release(view.reader());
  }

  /** What a view holds; it must not be given back yet. */
  ViewSummary summary(View view) throws IOException {
    return views.summary(view.reader(), identity.shard(), reading);
  }

  /** From now on nothing is written; what is open can be read. */
  void fail(Throwable cause) {
    if (failure == null) {
      failure = cause.toString();
    }
  }

  void requireSound() {
    if (closed) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "shard %s: closed (expected: open)".formatted(identity));
    }
    String reason = failure;
    if (reason != null) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          "shard %s: %s (expected: a sound disk)".formatted(identity, reason));
    }
  }

  HeddleException storageFailed(Throwable cause) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED,
        "shard %s: %s (expected: a sound disk)".formatted(identity, cause),
        cause);
  }

  /** Of a read. One that was closed in between, as it moves to another node, has no bad disk. */
  HeddleException readFailed(Throwable cause) {
    return closed
        ? new HeddleException(
            ErrorCode.UNAVAILABLE, "shard %s: closed (expected: open)".formatted(identity), cause)
        : storageFailed(cause);
  }

  /**
   * Makes everything durable, unless the shard failed, and lets go of the files. What is not
   * durable comes again from the log.
   */
  @Override
  public void close() throws IOException {
    boolean sound = failure == null && !closed;
    closed = true;
    try {
      if (sound && committed.index() != applied.index()) {
        commit();
      }
    } catch (IOException | AlreadyClosedException e) {
      fail(e);
    } finally {
      IOUtils.close(views, writer::rollback, directory);
    }
  }

  /** Lets go of the files as they are: for an index that another one replaces, or a crash. */
  void abandon() throws IOException {
    closed = true;
    IOUtils.close(views, writer::rollback, directory);
  }
}
