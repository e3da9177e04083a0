package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * All entries at one revision, as the server holds and stores them. Immutable: a write makes a
 * successor, which counts only once it is on disk.
 *
 * @param clusterId made with the catalog, never changes
 * @param bytes of all values
 */
record CatalogState(
    String clusterId, long revision, NavigableMap<String, Stored> entries, long bytes) {

  /** An entry; with a lease, it goes when that ends. */
  record Stored(CatalogEntry entry, Optional<StoredLease> lease) {}

  /**
   * What of a lease survives a restart of the server; the time left does not.
   *
   * @param incarnation of the node that holds it
   * @param retired earlier incarnations, the newest last: they may not come back
   */
  record StoredLease(String incarnation, long ttlMillis, List<String> retired) {
    private static final int MOST_RETIRED = 16;

    StoredLease {
      retired = List.copyOf(retired);
    }

    /** The lease of a newer incarnation. */
    StoredLease succeededBy(String newer, long newTtlMillis) {
      List<String> gone = new ArrayList<>(retired);
      gone.add(incarnation);
      int surplus = Math.max(0, gone.size() - MOST_RETIRED);
      return new StoredLease(newer, newTtlMillis, gone.subList(surplus, gone.size()));
    }
  }

  /** A change as it came over the wire. */
  record RawChange(String key, Optional<String> value, OptionalLong expectedRevision) {}

  CatalogState {
    entries = Collections.unmodifiableNavigableMap(entries);
  }

  static CatalogState empty(String clusterId) {
    // Revision 0 means "does not exist" in expectations and "more to come" on the wire.
    return new CatalogState(clusterId, 1, new TreeMap<>(), 0);
  }

  /**
   * The successor with all changes.
   *
   * @throws HeddleException REVISION_CONFLICT, INVALID_REQUEST, TOO_LARGE or LIMIT_REACHED; nothing
   *     applies then
   */
  CatalogState with(List<RawChange> changes, CatalogConfig config) {
    if (changes.isEmpty() || changes.size() > config.maxChanges()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "changes: " + changes.size() + " (expected: 1.." + config.maxChanges() + ")");
    }
    Set<String> keys = new HashSet<>();
    Editor editor = new Editor(this, config);
    for (RawChange change : changes) {
      if (CatalogKeys.check(change.key()).startsWith(CatalogKeys.NODE)) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "key: " + change.key() + " (expected: not a node; nodes hold leases)");
      }
      if (!keys.add(change.key())) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "key: " + change.key() + " twice (expected: every key once)");
      }
      checkExpectation(change);
      change
          .value()
          .ifPresentOrElse(
              value -> editor.put(change.key(), value, Optional.empty()),
              () -> editor.remove(change.key()));
    }
    return editor.build();
  }

  /** The successor in which a node's entry stands under a lease. */
  CatalogState withLease(String key, String value, StoredLease lease, CatalogConfig config) {
    Editor editor = new Editor(this, config);
    editor.put(key, value, Optional.of(lease));
    return editor.build();
  }

  CatalogState without(Set<String> keys, CatalogConfig config) {
    Editor editor = new Editor(this, config);
    keys.forEach(editor::remove);
    return editor.build();
  }

  /** What watchers are told of the step from {@code before} to this. */
  CatalogUpdate since(CatalogState before, Set<String> keys) {
    List<CatalogEntry> changed = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    for (String key : keys) {
      Stored stored = entries.get(key);
      if (stored != null) {
        changed.add(stored.entry());
      } else if (before.entries.containsKey(key)) {
        removed.add(key);
      }
    }
    return new CatalogUpdate(revision, false, changed, removed);
  }

  CatalogUpdate snapshot() {
    return new CatalogUpdate(
        revision, true, entries.values().stream().map(Stored::entry).toList(), List.of());
  }

  private void checkExpectation(RawChange change) {
    Stored stored = entries.get(change.key());
    long actual = stored == null ? 0 : stored.entry().revision();
    if (change.expectedRevision().isPresent() && change.expectedRevision().getAsLong() != actual) {
      throw new HeddleException(
          ErrorCode.REVISION_CONFLICT,
          "revision of "
              + change.key()
              + ": "
              + actual
              + " (expected: "
              + change.expectedRevision().getAsLong()
              + ")");
    }
  }

  static long bytesOf(String value) {
    return value.getBytes(StandardCharsets.UTF_8).length;
  }

  /** Builds a successor. One thread. */
  private static final class Editor {
    private final CatalogState from;
    private final CatalogConfig config;
    private final long revision;
    private final NavigableMap<String, Stored> entries;
    private long bytes;

    Editor(CatalogState from, CatalogConfig config) {
      this.from = from;
      this.config = config;
      this.revision = from.revision + 1;
      this.entries = new TreeMap<>(from.entries);
      this.bytes = from.bytes;
    }

    void put(String key, String value, Optional<StoredLease> lease) {
      CatalogJson.read(key, value);
      long size = bytesOf(value);
      if (size > config.maxEntry().bytes()) {
        throw new HeddleException(
            ErrorCode.TOO_LARGE,
            "value of "
                + key
                + ": "
                + DataSize.ofBytes(size)
                + " (expected: <= "
                + config.maxEntry()
                + ")");
      }
      remove(key);
      entries.put(key, new Stored(new CatalogEntry(key, value, revision), lease));
      bytes += size;
    }

    void remove(String key) {
      Stored removed = entries.remove(key);
      bytes -= removed == null ? 0 : bytesOf(removed.entry().value());
    }

    CatalogState build() {
      // What shrinks is always let through, also where the limits were lowered.
      if (entries.size() > config.maxEntries() && entries.size() > from.entries.size()) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "entries: " + entries.size() + " (expected: <= " + config.maxEntries() + ")");
      }
      if (bytes > config.maxTotal().bytes() && bytes > from.bytes) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "catalog: " + DataSize.ofBytes(bytes) + " (expected: <= " + config.maxTotal() + ")");
      }
      return new CatalogState(from.clusterId, revision, entries, bytes);
    }
  }
}
