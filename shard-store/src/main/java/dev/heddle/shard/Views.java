package dev.heddle.shard;

import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.search.ReferenceManager;
import org.jspecify.annotations.Nullable;

/**
 * The present view of a shard, and how to get a newer one. A view is taken while nothing is
 * applied, so that its position is exact.
 */
final class Views extends ReferenceManager<DirectoryReader> {
  private final IndexWriter writer;
  private final ReentrantLock applying;
  private final Supplier<LogPosition> applied;
  private final RecentWrites recent;
  private final Map<IndexReader.CacheKey, LogPosition> positions = new ConcurrentHashMap<>();
  private final Map<IndexReader.CacheKey, ViewSummary> summaries = new ConcurrentHashMap<>();

  /** Of the newest view. */
  private volatile LogPosition visible;

  Views(
      IndexWriter writer,
      ReentrantLock applying,
      Supplier<LogPosition> applied,
      RecentWrites recent)
      throws IOException {
    this.writer = writer;
    this.applying = applying;
    this.applied = applied;
    this.recent = recent;
    this.visible = applied.get();
    DirectoryReader first = DirectoryReader.open(writer);
    note(first, visible);
    current = first;
  }

  /** Position of the newest view. */
  LogPosition visible() {
    return visible;
  }

  /** The newest view; give its reader back to {@link #release}. */
  View view() throws IOException {
    DirectoryReader reader = acquire();
    // The content of a reader may be that of a later position too: what passed changed nothing.
    return new View(reader, Objects.requireNonNull(positions.get(key(reader)), "position"));
  }

  @Override
  protected @Nullable DirectoryReader refreshIfNeeded(DirectoryReader present) throws IOException {
    applying.lock();
    try {
      LogPosition at = applied.get();
      recent.opening();
      DirectoryReader next = DirectoryReader.openIfChanged(present, writer);
      note(next == null ? present : next, at);
      pending = at;
      return next;
    } finally {
      applying.unlock();
    }
  }

  /** Of the refresh that is under way; used by the one thread that refreshes. */
  private LogPosition pending = LogPosition.NONE;

  @Override
  protected void afterMaybeRefresh() {
    recent.opened();
    if (pending.index() > visible.index()) {
      visible = pending;
    }
  }

  private void note(DirectoryReader reader, LogPosition at) {
    if (positions.put(key(reader), at) == null) {
      reader
          .getReaderCacheHelper()
          .addClosedListener(key -> {
            positions.remove(key);
            summaries.remove(key);
          });
    }
  }

  /** What a reader that is held holds; made when first asked for. */
  ViewSummary summary(DirectoryReader reader, int shard, SchemaFields fields) throws IOException {
    var known = summaries.get(key(reader));
    if (known == null) {
      known = ViewSummary.read(reader, shard, fields);
      summaries.put(key(reader), known);
    }
    return known;
  }

  private static IndexReader.CacheKey key(DirectoryReader reader) {
    return reader.getReaderCacheHelper().getKey();
  }

  @Override
  protected void decRef(DirectoryReader reader) throws IOException {
    reader.decRef();
  }

  @Override
  protected boolean tryIncRef(DirectoryReader reader) {
    return reader.tryIncRef();
  }

  @Override
  protected int getRefCount(DirectoryReader reader) {
    return reader.getRefCount();
  }
}
