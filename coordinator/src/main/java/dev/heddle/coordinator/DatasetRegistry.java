package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.Schema;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Creates, finds, alters and drops datasets. Safe for many threads and coordinators: every change
 * is made by comparing and setting, and made again on what others have changed meanwhile.
 */
final class DatasetRegistry {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_-]{0,62}");
  private static final String RESERVED = "heddle";
  private static final int DEFAULT_REPLICAS = 3;
  private static final int ATTEMPTS = 10;

  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final ShardsGrpcClient shards;
  private final Ticker ticker;
  private final Clock clock;

  DatasetRegistry(
      CoordinatorConfig config,
      CatalogClient catalog,
      ShardsGrpcClient shards,
      Ticker ticker,
      Clock clock) {
    this.config = config;
    this.catalog = catalog;
    this.shards = shards;
    this.ticker = ticker;
    this.clock = clock;
  }

  DatasetRecord find(String tenant, String name) {
    return find(catalog.known(), tenant, name);
  }

  private static DatasetRecord find(CatalogView view, String tenant, String name) {
    return view.dataset(tenant, name)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNKNOWN_DATASET,
                "dataset: " + name + " (expected: an existing dataset)"));
  }

  List<DatasetRecord> list(String tenant) {
    return catalog.known().datasets(tenant);
  }

  /**
   * Creates a dataset and waits until its shards are open.
   *
   * @param shardCount 0: the configured default
   * @param replicas of each shard; 0: 3 where three leaves or more live, else 1
   */
  DatasetRecord create(
      String tenant, String name, Schema schema, int shardCount, int replicas, Deadline deadline)
      throws InterruptedException {
    checkName(name);
    int count = shardCount == 0 ? config.shards() : shardCount;
    if (count < 1 || count > config.maxShards()) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "shards: " + count + " (expected: 1.." + config.maxShards() + ")");
    }
    var view = catalog.known();
    if (view.dataset(tenant, name).isPresent()) {
      throw exists(name);
    }
    int copies = replicas == 0 ? defaultReplicas(view) : checkReplicas(view, replicas);
    var record =
        new DatasetRecord(
            tenant,
            name,
            UUID.randomUUID().toString(),
            schema,
            1,
            copies,
            ShardPlacing.place(leaves(view), view.allDatasets(), count, copies),
            clock.instant());
    long revision;
    try {
      revision = catalog.write(List.of(Change.create(record)));
    } catch (HeddleException e) {
      throw e.code() == ErrorCode.REVISION_CONFLICT ? exists(name) : e;
    }
    var _ = catalog.awaitRevision(revision, deadline);
    shards.documents(record, revision, true, deadline.remainingNanos(ticker));
    return record;
  }

  private static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "name: "
              + (name.length() > 100 ? name.substring(0, 100) + "…" : name)
              + " (expected: a letter of a-z, then up to 62 of a-z, 0-9, '_', '-')");
    }
    if (name.equals(RESERVED)
        || name.startsWith(RESERVED + "-")
        || name.startsWith(RESERVED + "_")) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "name: "
              + name
              + " is reserved (expected: one that does not begin with "
              + RESERVED
              + ")");
    }
  }

  private static HeddleException exists(String name) {
    return new HeddleException(
        ErrorCode.ALREADY_EXISTS, "dataset: " + name + " exists (expected: a new name)");
  }

  private static int defaultReplicas(CatalogView view) {
    return leaves(view).size() >= DEFAULT_REPLICAS ? DEFAULT_REPLICAS : 1;
  }

  private static List<String> leaves(CatalogView view) {
    var leaves = view.nodesWith("leaf").stream().map(NodeRecord::node).toList();
    if (leaves.isEmpty()) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "leaves: none (expected: at least one)");
    }
    return leaves;
  }

  private static int checkReplicas(CatalogView view, int replicas) {
    if (replicas < 1 || replicas > DatasetRecord.MOST_REPLICAS) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "replicas: " + replicas + " (expected: 1.." + DatasetRecord.MOST_REPLICAS + ")");
    }
    int leaves = leaves(view).size();
    if (replicas > leaves) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "replicas: "
              + replicas
              + " (expected: at most "
              + leaves
              + ", the leaves that live, as each replica needs one of its own)");
    }
    return replicas;
  }

  /**
   * Changes a dataset and waits until its leaves have followed; what is already so changes nothing.
   * Replicas are added and removed later, by the leaves.
   *
   * @param addFields new ones; one that exists must be the same
   * @param replicas empty: as before
   * @param dynamic empty: as before
   * @throws HeddleException INVALID_SCHEMA for a field that exists and differs
   */
  DatasetRecord alter(
      String tenant,
      String name,
      List<Field> addFields,
      OptionalInt replicas,
      Optional<Boolean> dynamic,
      Deadline deadline)
      throws InterruptedException {
    if (replicas.isPresent()) {
      checkReplicas(catalog.known(), replicas.getAsInt());
    }
    for (int attempt = 1; ; attempt++) {
      var view = catalog.known();
      var before = find(view, tenant, name);
      var after = altered(before, addFields, replicas, dynamic);
      if (after.equals(before)) {
        return before;
      }
      try {
        long revision = catalog.write(List.of(Change.replace(after, view.revisionOf(after.key()))));
        var _ = catalog.awaitRevision(revision, deadline);
        shards.documents(after, revision, true, deadline.remainingNanos(ticker));
        return after;
      } catch (HeddleException e) {
        awaitNewer(view, e, attempt, deadline);
      }
    }
  }

  private static DatasetRecord altered(
      DatasetRecord before,
      List<Field> addFields,
      OptionalInt replicas,
      Optional<Boolean> dynamic) {
    var schema = with(before.schema(), addFields, dynamic);
    return new DatasetRecord(
        before.tenant(),
        before.name(),
        before.id(),
        schema,
        before.schemaVersion() + (schema.equals(before.schema()) ? 0 : 1),
        replicas.orElse(before.replicas()),
        before.shards(),
        before.createdAt());
  }

  private static Schema with(Schema schema, List<Field> addFields, Optional<Boolean> dynamic) {
    List<Field> fields = new ArrayList<>(schema.fields());
    for (var added : addFields) {
      var known = fields.stream().filter(field -> field.name().equals(added.name())).findFirst();
      if (known.isEmpty()) {
        fields.add(added);
      } else if (!known.get().equals(added)) {
        throw new HeddleException(
            ErrorCode.INVALID_SCHEMA,
            "field: " + added + " (expected: a new name, or as it is: " + known.get() + ")");
      }
    }
    return new Schema(
        fields, schema.rankField(), schema.rankWeight(), dynamic.orElse(schema.dynamic()));
  }

  /** Drops a dataset; its leaves delete the shards when they learn of it. */
  void drop(String tenant, String name, Deadline deadline) throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      var view = catalog.known();
      String key = find(view, tenant, name).key();
      try {
        long revision = catalog.write(List.of(Change.delete(key, view.revisionOf(key))));
        var _ = catalog.awaitRevision(revision, deadline);
        return;
      } catch (HeddleException e) {
        awaitNewer(view, e, attempt, deadline);
      }
    }
  }

  /** After a conflict: until there is something newer to try on. Throws anything else. */
  private void awaitNewer(CatalogView view, HeddleException failure, int attempt, Deadline deadline)
      throws InterruptedException {
    if (failure.code() != ErrorCode.REVISION_CONFLICT || attempt == ATTEMPTS) {
      throw failure;
    }
    var _ = catalog.awaitRevision(view.revision() + 1, deadline);
  }
}
