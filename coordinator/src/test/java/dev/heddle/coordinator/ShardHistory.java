package dev.heddle.coordinator;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a shard's replicas have agreed on, in tests: every write at its index. The replicas of a
 * test share it, and each shows as much of it as the test lets it. Guarded by itself.
 */
final class ShardHistory {
  /** Node that leads; empty: none. */
  private String leader = "";

  private long index;
  private final Map<String, Long> seen = new HashMap<>();

  /** By id in the order of UTF-8, then by index; null: deleted. */
  private final TreeMap<String, TreeMap<Long, byte @Nullable []>> documents =
      new TreeMap<>((a, b) -> Arrays.compareUnsigned(utf8(a), utf8(b)));

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  synchronized void lead(String node) {
    leader = node;
  }

  synchronized String leader() {
    return leader;
  }

  synchronized long index() {
    return index;
  }

  /** The index of a call that was written before, or 0. */
  synchronized long seen(String call) {
    return seen.getOrDefault(call, 0L);
  }

  /** Begins an entry, and returns its index. */
  synchronized long begin(String call) {
    seen.put(call, ++index);
    return index;
  }

  synchronized void write(String id, byte @Nullable [] json) {
    documents.computeIfAbsent(id, unseen -> new TreeMap<>()).put(index, json);
  }

  /** The index at which the document was last written, as of {@code at}; 0: there is none. */
  synchronized long version(String id, long at) {
    var versions = documents.get(id);
    var last = versions == null ? null : versions.floorEntry(at);
    return last == null || last.getValue() == null ? 0 : last.getKey();
  }

  /** The document as of {@code at}. */
  synchronized byte @Nullable [] document(String id, long at) {
    var versions = documents.get(id);
    var last = versions == null ? null : versions.floorEntry(at);
    return last == null ? null : last.getValue();
  }

  /** The next document's id, as of {@code at}; null: there is none. */
  synchronized @Nullable String next(String after, long at) {
    String id = after.isEmpty() ? first() : documents.higherKey(after);
    while (id != null && version(id, at) == 0) {
      id = documents.higherKey(id);
    }
    return id;
  }

  private @Nullable String first() {
    return documents.isEmpty() ? null : documents.firstKey();
  }
}
