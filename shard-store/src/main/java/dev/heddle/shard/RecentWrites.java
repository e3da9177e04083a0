package dev.heddle.shard;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.search.ReferenceManager;
import org.jspecify.annotations.Nullable;

/**
 * What was written since the present view was opened, so that a get by id sees every write at once.
 * Safe for any thread.
 *
 * <p>A write is noted after the index took it, and forgotten once a view that was opened later is
 * in place; whoever asks here first and the view second misses nothing.
 */
final class RecentWrites implements ReferenceManager.RefreshListener {
  /**
   * The last write of a document.
   *
   * @param json absent: it was removed
   */
  record Entry(Optional<byte[]> json) {
    private static final Entry REMOVED = new Entry(Optional.empty());
  }

  private volatile Map<String, Entry> current = new ConcurrentHashMap<>();
  private volatile Map<String, Entry> refreshing = Map.of();
  private final AtomicLong bytes = new AtomicLong();

  void put(String id, byte[] json) {
    current.put(id, new Entry(Optional.of(json)));
    bytes.addAndGet(json.length);
  }

  void delete(String id) {
    current.put(id, Entry.REMOVED);
  }

  /** Null: not written lately; the view knows. */
  @Nullable Entry find(String id) {
    Entry entry = current.get(id);
    return entry != null ? entry : refreshing.get(id);
  }

  /** About how much memory is held here. */
  long bytes() {
    return bytes.get();
  }

  @Override
  public void beforeRefresh() {
    if (!current.isEmpty()) {
      refreshing = current;
      current = new ConcurrentHashMap<>();
      bytes.set(0);
    }
  }

  @Override
  public void afterRefresh(boolean didRefresh) {
    refreshing = Map.of();
  }
}
