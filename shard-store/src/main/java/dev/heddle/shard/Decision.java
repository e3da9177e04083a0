package dev.heddle.shard;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.shard.PendingChanges.Batch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides what a batch of operations comes to: conditions are held against the documents as they
 * will be when the batch's entry is applied, patches become documents. In two steps: what needs no
 * documents is checked by {@link #prepare}, outside of the shard's order; {@link #decide} runs in
 * it. For one thread at a time.
 */
final class Decision {
  /** Versions of documents that the batch itself makes: nobody can know them yet. */
  private static final long UNKNOWN = -1;

  /** How a document stands before the batch. */
  interface Documents {
    Optional<StoredDocument> find(String id) throws IOException;
  }

  private final LocalShard.Shape shape;
  private final DataSize maxDocument;
  private final List<Operation> operations;
  private final @Nullable IndexedDocument[] documents;
  private final @Nullable ObjectNode[] patches;
  private final byte[] outcomes;
  private final List<OperationError> errors = new ArrayList<>();
  private final List<Change> changes = new ArrayList<>();
  private final List<IndexedDocument> ready = new ArrayList<>();
  private final Map<String, Optional<StoredDocument>> own = new HashMap<>();

  private Decision(LocalShard.Shape shape, DataSize maxDocument, List<Operation> operations) {
    this.shape = shape;
    this.maxDocument = maxDocument;
    this.operations = operations;
    this.documents = new IndexedDocument[operations.size()];
    this.patches = new ObjectNode[operations.size()];
    this.outcomes = new byte[operations.size()];
  }

  static Decision prepare(LocalShard shard, List<Operation> operations) {
    Decision decision = new Decision(shard.shape(), shard.maxDocument(), operations);
    for (int i = 0; i < operations.size(); i++) {
      decision.prepare(i, operations.get(i));
    }
    return decision;
  }

  private void prepare(int i, Operation operation) {
    try {
      switch (operation) {
        case Operation.Put put -> documents[i] = read(put.id(), put.json());
        case Operation.Patch patch -> {
          DocumentIndexing.key(patch.id());
          patches[i] = MergePatch.read(patch.json());
        }
        case Operation.Delete delete -> DocumentIndexing.key(delete.id());
      }
    } catch (DocumentException e) {
      error(i, operation, e.code(), e.reason());
    }
  }

  private IndexedDocument read(String id, byte[] json) {
    DocumentIndexing.checkSize(json, maxDocument);
    return shape.indexing().document(id, json);
  }

  /** Version of the schema by which documents are read; the entry has to stand behind it. */
  long schemaVersion() {
    return shape.version();
  }

  /** Whether nothing is left to decide: all operations are wrong by themselves. */
  boolean hopeless() {
    return errors.size() == operations.size();
  }

  List<OperationError> errors() {
    errors.sort(Comparator.comparingInt(OperationError::index));
    return errors;
  }

  /**
   * Decides all operations, in order.
   *
   * @param before documents as they are when the entry's turn comes
   */
  Batch decide(RequestId request, long nowMillis, Documents before) throws IOException {
    for (int i = 0; i < operations.size(); i++) {
      if (outcomes[i] == 0) {
        decide(i, operations.get(i), before);
      }
    }
    return new Batch(
        new ShardEntry.Changes(request, nowMillis, changes, outcomes, errors()), ready);
  }

  private void decide(int i, Operation operation, Documents before) throws IOException {
    boolean looks = !(operation instanceof Operation.Put) || operation.ifVersion().isPresent();
    Optional<StoredDocument> present = looks ? present(operation.id(), before) : Optional.empty();
    if (operation.ifVersion().isPresent() && !holds(operation.ifVersion(), present)) {
      long version = present.map(StoredDocument::version).orElse(0L);
      error(
          i,
          operation,
          ErrorCode.VERSION_CONFLICT,
          "version of %s: %s (expected: %d)"
              .formatted(
                  operation.id(),
                  version == UNKNOWN ? "changed in the same batch" : version,
                  operation.ifVersion().getAsLong()));
      return;
    }
    switch (operation) {
      case Operation.Put put -> put(i, put.id(), put.json(), documents[i]);
      case Operation.Patch patch -> patch(i, patch, present);
      case Operation.Delete delete -> {
        outcomes[i] = present.isPresent() ? ShardEntry.Changes.DELETED : ShardEntry.Changes.NOTHING;
        if (present.isPresent()) {
          changes.add(new Change(delete.id(), null));
          own.put(delete.id(), Optional.empty());
        }
      }
    }
  }

  private void patch(int i, Operation.Patch patch, Optional<StoredDocument> present) {
    ObjectNode change = patches[i];
    if (present.isEmpty() || change == null) {
      error(
          i,
          patch,
          ErrorCode.NOT_FOUND,
          "document: " + patch.id() + " (expected: an existing id, as it is to be patched)");
      return;
    }
    try {
      byte[] json = MergePatch.apply(present.get().json(), change);
      put(i, patch.id(), json, read(patch.id(), json));
    } catch (DocumentException e) {
      error(i, patch, e.code(), e.reason());
    }
  }

  private void put(int i, String id, byte[] json, @Nullable IndexedDocument document) {
    if (document == null) {
      throw new IllegalStateException("put without a document");
    }
    outcomes[i] = ShardEntry.Changes.PUT;
    changes.add(new Change(id, json));
    ready.add(document);
    own.put(id, Optional.of(new StoredDocument(json, UNKNOWN)));
  }

  private Optional<StoredDocument> present(String id, Documents before) throws IOException {
    Optional<StoredDocument> mine = own.get(id);
    return mine != null ? mine : before.find(id);
  }

  private static boolean holds(OptionalLong wanted, Optional<StoredDocument> present) {
    long version = present.map(StoredDocument::version).orElse(0L);
    return version != UNKNOWN && version == wanted.getAsLong();
  }

  private void error(int i, Operation operation, ErrorCode code, String message) {
    outcomes[i] = ShardEntry.Changes.ERROR;
    errors.add(new OperationError(i, operation.id(), code, message));
  }
}
