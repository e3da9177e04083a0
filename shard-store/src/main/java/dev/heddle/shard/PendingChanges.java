package dev.heddle.shard;

import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Documents as they will be once the entries that are on their way are applied, on the leader and
 * for its term. What is decided by them stands behind them in the log. Added to by the one who
 * decides, taken from by the one who applies.
 */
final class PendingChanges {
  /**
   * A document on its way.
   *
   * @param batch the entry that has it
   * @param document empty: it goes
   */
  private record Pending(Batch batch, Optional<StoredDocument> document) {}

  /** A schema that was put into the log, whether or not it is applied. */
  private record PendingSchema(long term, long index, long version) {}

  private static final PendingSchema NO_SCHEMA = new PendingSchema(0, -1, 0);

  private final Map<String, Pending> byId = new ConcurrentHashMap<>();
  private volatile PendingSchema schema = NO_SCHEMA;
  private volatile long term;

  /** Forgets everything if the term is another one: its entries are applied, or are lost. */
  void in(long now) {
    if (now != term) {
      byId.clear();
      term = now;
    }
  }

  long term() {
    return term;
  }

  /** How the document will be, or, where nothing is on its way for it, how it is. */
  Optional<StoredDocument> find(String id, Decision.Documents applied) throws IOException {
    Pending pending = byId.get(id);
    return pending == null ? applied.find(id) : pending.document();
  }

  void add(Batch batch, long index) {
    for (Change change : batch.entry().changes()) {
      byte[] json = change.json();
      byId.put(
          change.id(),
          new Pending(
              batch,
              json == null ? Optional.empty() : Optional.of(new StoredDocument(json, index))));
    }
  }

  /** Notes a schema; what is decided from now on stands behind it. */
  void addSchema(long version, LogPosition at) {
    schema = new PendingSchema(at.term(), at.index(), version);
  }

  /** Of the newest schema that was put into the log in this term; 0: of none. */
  long schemaVersion() {
    PendingSchema newest = schema;
    return newest.term() == term ? newest.version() : 0;
  }

  /** Where that schema stands in the log; -1: there is none. */
  long schemaIndex() {
    PendingSchema newest = schema;
    return newest.term() == term ? newest.index() : -1;
  }

  /** Call once the batch is applied, or is known never to be. */
  void remove(Batch batch) {
    for (Change change : batch.entry().changes()) {
      byId.computeIfPresent(
          change.id(), (id, pending) -> pending.batch() == batch ? null : pending);
    }
  }

  /** An entry on its way. */
  static final class Batch {
    private final ShardEntry.Changes entry;
    private final List<IndexedDocument> ready;

    Batch(ShardEntry.Changes entry, List<IndexedDocument> ready) {
      this.entry = entry;
      this.ready = ready;
    }

    ShardEntry.Changes entry() {
      return entry;
    }

    /** Documents of the changes that store one, in order. */
    List<IndexedDocument> ready() {
      return ready;
    }
  }
}
