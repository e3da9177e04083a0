package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.ReaderManager;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;

/**
 * One shard's index, open for writing and reading. Writes go through one lock in order; reads do
 * not wait for them. Safe for any thread, but for none that is interrupted while it writes: that
 * would close the files.
 */
final class LocalShard implements AutoCloseable {
  private final ShardIdentity identity;
  private final DocumentIndexing indexing;
  private final SchemaFields fields;
  private final Directory directory;
  private final IndexWriter writer;
  private final ReaderManager readers;
  private final RecentWrites recent = new RecentWrites();
  private final ReentrantLock lock = new ReentrantLock();

  /** Tells views of this opening from those of earlier ones, which may have been lost in part. */
  private final long viewBase = ThreadLocalRandom.current().nextLong(1, 1L << 30) << 32;

  /** Operations applied; changed under the lock. */
  private volatile long index;

  /** Operations known to be on disk. */
  private volatile long committed;

  private volatile @Nullable String failure;
  private volatile boolean closed;

  /**
   * Opens the index in the directory, or makes an empty one.
   *
   * @param mustExist whether an empty directory means that data was lost
   */
  LocalShard(
      ShardIdentity identity,
      SchemaFields fields,
      DocumentIndexing indexing,
      Directory directory,
      IndexWriterConfig config,
      boolean mustExist)
      throws IOException {
    this.identity = identity;
    this.fields = fields;
    this.indexing = indexing;
    this.directory = directory;
    boolean exists = DirectoryReader.indexExists(directory);
    if (mustExist && !exists) {
      throw new IOException("index: none (expected: the shard's index, which was here)");
    }
    if (exists) {
      CommitData.read(directory).check(identity);
    }
    writer = new IndexWriter(directory, config);
    ReaderManager opened = null;
    boolean ready = false;
    try {
      index = CommitData.of(writer).index();
      committed = index;
      writer.setLiveCommitData(() -> new CommitData(index, identity.incarnation()).entries());
      writer.commit();
      opened = new ReaderManager(writer);
      opened.addListener(recent);
      ready = true;
    } finally {
      if (!ready) {
        IOUtils.closeWhileHandlingException(writer::rollback);
      }
    }
    readers = opened;
  }

  ShardIdentity identity() {
    return identity;
  }

  SchemaFields fields() {
    return fields;
  }

  long index() {
    return index;
  }

  /** Why this shard takes no more writes; null: it does. */
  @Nullable String failure() {
    return failure;
  }

  /** Makes a batch ready to apply; needs no lock. */
  List<Prepared> prepare(List<Operation> operations, List<OperationError> errors) {
    List<Prepared> prepared = new ArrayList<>(operations.size());
    for (int i = 0; i < operations.size(); i++) {
      Operation operation = operations.get(i);
      try {
        prepared.add(
            switch (operation) {
              case Operation.Put put ->
                  new Prepared(
                      i,
                      put,
                      DocumentIndexing.key(put.id()),
                      indexing.document(put.id(), put.json()));
              case Operation.Delete delete ->
                  new Prepared(i, delete, DocumentIndexing.key(delete.id()), null);
            });
      } catch (DocumentException e) {
        errors.add(new OperationError(i, operation.id(), e.code(), e.reason()));
      }
    }
    return prepared;
  }

  /** Applies a batch in order: seen by {@link #get} at once, but not yet durable. */
  Applied apply(List<Prepared> batch, List<OperationError> errors) {
    // An interrupt that is already pending must not close the files; it is kept for afterwards.
    boolean interrupted = Thread.interrupted();
    lock.lock();
    try {
      requireSound();
      int deleted = 0;
      for (Prepared one : batch) {
        deleted += apply(one, errors) ? 1 : 0;
      }
      return new Applied(index, deleted);
    } catch (IOException | AlreadyClosedException e) {
      fail(e);
      throw storageFailed(e);
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether a document was deleted. */
  private boolean apply(Prepared one, List<OperationError> errors) throws IOException {
    Term id = new Term(IndexFields.ID, one.key());
    switch (one.operation()) {
      case Operation.Put put -> {
        try {
          writer.updateDocument(id, one.required());
        } catch (IllegalArgumentException e) {
          errors.add(
              new OperationError(
                  one.index(), put.id(), ErrorCode.INVALID_DOCUMENT, "document: " + e));
          return false;
        }
        advance();
        recent.put(put.id(), put.json());
        return false;
      }
      case Operation.Delete delete -> {
        if (get(delete.id()).isEmpty()) {
          return false;
        }
        writer.deleteDocuments(id);
        advance();
        recent.delete(delete.id());
        return true;
      }
    }
  }

  private void advance() {
    long next = index + 1;
    index = next;
  }

  /** The document as last written, durable or not. */
  Optional<byte[]> get(String id) throws IOException {
    RecentWrites.Entry entry = recent.find(id);
    if (entry != null) {
      return entry.json();
    }
    DirectoryReader reader = readers.acquire();
    try {
      return StoredDocuments.find(reader, new BytesRef(id));
    } finally {
      readers.release(reader);
    }
  }

  /** Whether something was applied that is not on disk. */
  boolean uncommitted() {
    return index != committed;
  }

  /**
   * Makes everything durable that was applied before the call.
   *
   * @return how many operations this covers
   */
  long commit() throws IOException {
    long covered = index;
    writer.commit();
    long before = committed;
    committed = Math.max(before, covered);
    return covered - before;
  }

  /** Whether it was let go of, on purpose. */
  boolean closed() {
    return closed;
  }

  long recentBytes() {
    return recent.bytes();
  }

  /** Lets searches see everything that was applied before the call, and segments as merged. */
  void refresh() throws IOException {
    readers.maybeRefreshBlocking();
  }

  /** Whether merging everything into one segment would change anything, and is worth it. */
  boolean scattered(long upToBytes) throws IOException {
    DirectoryReader reader = readers.acquire();
    try {
      if (reader.leaves().size() <= 1 && !reader.hasDeletions()) {
        return false;
      }
    } finally {
      readers.release(reader);
    }
    return bytes() <= upToBytes;
  }

  private long bytes() throws IOException {
    long bytes = 0;
    for (String file : directory.listAll()) {
      bytes += directory.fileLength(file);
    }
    return bytes;
  }

  /** Begins to merge everything into one segment. */
  void settle() throws IOException {
    writer.forceMerge(1, false);
  }

  boolean merging() {
    return !writer.getMergingSegments().isEmpty();
  }

  void setBuffer(double megabytes) {
    writer.getConfig().setRAMBufferSizeMB(megabytes);
  }

  /** The present view; give it back to {@link #release}. */
  DirectoryReader acquire() throws IOException {
    return readers.acquire();
  }

  void release(DirectoryReader reader) throws IOException {
    readers.release(reader);
  }

  /** Changes whenever what a searcher sees changes. */
  long view(DirectoryReader reader) {
    return viewBase + reader.getVersion();
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

  /** Makes everything durable, unless the shard failed, and lets go of the files. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closed = true;
      if (failure == null) {
        writer.commit();
      }
    } finally {
      lock.unlock();
      IOUtils.close(readers, writer::rollback, directory);
    }
  }

  /**
   * An operation that was checked.
   *
   * @param index in its batch
   * @param document null for a delete
   */
  record Prepared(int index, Operation operation, BytesRef key, @Nullable Document document) {
    Document required() {
      if (document == null) {
        throw new IllegalStateException("put without a document");
      }
      return document;
    }
  }

  /** Where a batch left the shard. */
  record Applied(long index, int deleted) {}
}
