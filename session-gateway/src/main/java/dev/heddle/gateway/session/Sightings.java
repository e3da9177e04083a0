package dev.heddle.gateway.session;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What a node has lately heard of sessions, so that it need not ask again. Thread-safe. */
final class Sightings {
  private static final int MAX_REMEMBERED = 100_000;

  private final ConcurrentHashMap<String, Seen> seen = new ConcurrentHashMap<>();
  private final AtomicLong forgotten = new AtomicLong();

  /**
   * What was last heard of a session.
   *
   * @param lived whether the grid had something of it
   */
  record Seen(long atMillis, boolean lived) {}

  @Nullable Seen of(String key) {
    return seen.get(key);
  }

  /** How many have been forgotten. */
  long forgotten() {
    return forgotten.get();
  }

  /**
   * Remembers what was heard, unless a session has ended since it was asked for.
   *
   * @param before how many had been forgotten by then
   */
  void remember(String key, Seen heard, long before) {
    if (seen.size() >= MAX_REMEMBERED) {
      seen.clear();
    }
    seen.put(key, heard);
    if (forgotten.get() != before) {
      seen.remove(key);
    }
  }

  /** What was known of a session's life holds no more. */
  void forget(String key) {
    forgotten.incrementAndGet();
    seen.remove(key);
  }
}
