package dev.heddle.catalog;

import dev.heddle.catalog.Command.Grant;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.catalog.Command.Limits;
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
 * All entries at one revision, as every member holds them. Immutable: a command makes a successor,
 * the same one everywhere: nothing here may depend on a member's config, clock or version.
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
   * What can be said of a write before it goes into the log, whatever the state will be.
   *
   * @throws HeddleException INVALID_REQUEST, TOO_LARGE or LIMIT_REACHED
   */
  static void check(List<RawChange> changes, CatalogConfig config) {
    if (changes.isEmpty() || changes.size() > config.maxChanges()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "changes: " + changes.size() + " (expected: 1.." + config.maxChanges() + ")");
    }
    Set<String> keys = new HashSet<>();
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
      change.value().ifPresent(value -> checkValue(change.key(), value, config));
    }
  }

  /**
   * What can be said of a value whatever the state will be.
   *
   * @throws HeddleException INVALID_REQUEST or TOO_LARGE
   */
  static void checkValue(String key, String value, CatalogConfig config) {
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
  }

  /**
   * The successor with all changes, which were checked.
   *
   * @throws HeddleException REVISION_CONFLICT or LIMIT_REACHED; nothing applies then
   */
  CatalogState with(List<RawChange> changes, Limits limits) {
    Editor editor = new Editor(this);
    for (RawChange change : changes) {
      checkExpectation(change);
      change
          .value()
          .ifPresentOrElse(
              value -> editor.put(change.key(), value, Optional.empty()),
              () -> editor.remove(change.key()));
    }
    return editor.build(limits);
  }

  /**
   * The successor in which a node's entry stands under a lease.
   *
   * @throws HeddleException GONE if a newer incarnation of the node has come since, LIMIT_REACHED
   */
  CatalogState with(Grant grant) {
    Editor editor = new Editor(this);
    editor.put(grant.key(), grant.value(), Optional.of(granted(grant)));
    return editor.build(grant.limits());
  }

  /** The lease that a grant leads to. */
  StoredLease granted(Grant grant) {
    Stored held = entries.get(grant.key());
    Optional<StoredLease> lease = held == null ? Optional.empty() : held.lease();
    if (lease.isEmpty()) {
      return new StoredLease(grant.incarnation(), grant.ttlMillis(), List.of());
    }
    StoredLease current = lease.get();
    if (current.incarnation().equals(grant.incarnation())) {
      return new StoredLease(grant.incarnation(), grant.ttlMillis(), current.retired());
    }
    if (current.retired().contains(grant.incarnation())) {
      throw new HeddleException(
          ErrorCode.GONE,
          "incarnation of "
              + grant.node()
              + ": "
              + grant.incarnation()
              + " (expected: "
              + current.incarnation()
              + ", a newer run of the same node)");
    }
    return current.succeededBy(grant.incarnation(), grant.ttlMillis());
  }

  /** Whether a node's entry stands under just this lease. */
  boolean holds(Lease lease) {
    Stored held = entries.get(lease.key());
    return held != null
        && held.lease().filter(l -> l.incarnation().equals(lease.incarnation())).isPresent()
        && (lease.revision() == 0 || lease.revision() == held.entry().revision());
  }

  CatalogState without(Set<String> keys) {
    Editor editor = new Editor(this);
    keys.forEach(editor::remove);
    return editor.build(Limits.NONE);
  }

  /** The nodes that live. */
  List<NodeRecord> nodes() {
    List<NodeRecord> nodes = new ArrayList<>();
    for (Stored stored : entries.tailMap(CatalogKeys.NODE).values()) {
      if (CatalogJson.readKnown(stored.entry()).orElse("") instanceof NodeRecord node) {
        nodes.add(node);
      }
    }
    return nodes;
  }

  /** The node, if it lives. */
  Optional<NodeRecord> node(String name) {
    Stored stored = entries.get(CatalogKeys.node(name));
    return stored != null
            && CatalogJson.readKnown(stored.entry()).orElse("") instanceof NodeRecord node
        ? Optional.of(node)
        : Optional.empty();
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
    private final long revision;
    private final NavigableMap<String, Stored> entries;
    private long bytes;

    Editor(CatalogState from) {
      this.from = from;
      this.revision = from.revision + 1;
      this.entries = new TreeMap<>(from.entries);
      this.bytes = from.bytes;
    }

    void put(String key, String value, Optional<StoredLease> lease) {
      remove(key);
      entries.put(key, new Stored(new CatalogEntry(key, value, revision), lease));
      bytes += bytesOf(value);
    }

    void remove(String key) {
      Stored removed = entries.remove(key);
      bytes -= removed == null ? 0 : bytesOf(removed.entry().value());
    }

    CatalogState build(Limits limits) {
      // What shrinks is always let through, also where the limits were lowered.
      if (entries.size() > limits.maxEntries() && entries.size() > from.entries.size()) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "entries: " + entries.size() + " (expected: <= " + limits.maxEntries() + ")");
      }
      if (bytes > limits.maxTotalBytes() && bytes > from.bytes) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "catalog: "
                + DataSize.ofBytes(bytes)
                + " (expected: <= "
                + DataSize.ofBytes(limits.maxTotalBytes())
                + ")");
      }
      return new CatalogState(from.clusterId, revision, entries, bytes);
    }
  }
}
