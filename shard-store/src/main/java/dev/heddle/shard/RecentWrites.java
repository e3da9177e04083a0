package dev.heddle.shard;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What was written since the present view was opened, so that a get by id sees every write at once.
 * Safe for any thread.
 *
 * <p>A write is noted after the index took it, and forgotten once a view that was opened later is
 * in place; whoever asks here first and the view second misses nothing.
 */
final class RecentWrites {
  /**
   * The last write of a document.
   *
   * @param document absent: it was removed
   * @param index of the log's entry that did it
   */
  record Entry(Optional<StoredDocument> document, long index) {}

  private volatile Map<String, Entry> current = new ConcurrentHashMap<>();
  private volatile Map<String, Entry> refreshing = Map.of();
  private final AtomicLong bytes = new AtomicLong();

  void put(String id, StoredDocument document) {
    current.put(id, new Entry(Optional.of(document), document.version()));
    bytes.addAndGet(document.json().length);
  }

  void delete(String id, long index) {
    current.put(id, new Entry(Optional.empty(), index));
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

  /** Call before a view is opened, while nothing is noted. */
  void opening() {
    if (current.isEmpty()) {
      return;
    }
    // What is left of a view that came to nothing is in none yet.
    refreshing.forEach(current::putIfAbsent);
    refreshing = current;
    current = new ConcurrentHashMap<>();
    bytes.set(0);
  }

  /** Call once that view is in place. */
  void opened() {
    refreshing = Map.of();
  }
}
