package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Creates, finds and drops datasets, and places their shards. Safe for many threads and
 * coordinators.
 */
final class DatasetRegistry {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_-]{0,62}");

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
    return catalog
        .view()
        .dataset(tenant, name)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNKNOWN_DATASET,
                "dataset: " + name + " (expected: an existing dataset)"));
  }

  List<DatasetRecord> list(String tenant) {
    return catalog.view().datasets(tenant);
  }

  /**
   * Creates a dataset and waits until its shards are open.
   *
   * @param shardCount 0: the configured default
   */
  DatasetRecord create(String tenant, String name, Schema schema, int shardCount, Deadline deadline)
      throws InterruptedException {
    if (!NAME.matcher(name).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "name: " + name + " (expected: " + NAME.pattern() + ")");
    }
    int count = shardCount == 0 ? config.shards() : shardCount;
    if (count < 1 || count > config.maxShards()) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "shards: " + count + " (expected: 1.." + config.maxShards() + ")");
    }
    if (catalog.view().dataset(tenant, name).isPresent()) {
      throw exists(name);
    }
    var record =
        new DatasetRecord(
            tenant, name, UUID.randomUUID().toString(), schema, place(count), clock.instant());
    long revision;
    try {
      revision = catalog.write(List.of(new Change.Put(record, OptionalLong.of(0))));
    } catch (HeddleException e) {
      throw e.code() == ErrorCode.REVISION_CONFLICT ? exists(name) : e;
    }
    var _ = catalog.awaitRevision(revision, deadline);
    shards.documents(record, revision, true, deadline.remainingNanos(ticker));
    return record;
  }

  private static HeddleException exists(String name) {
    return new HeddleException(
        ErrorCode.ALREADY_EXISTS, "dataset: " + name + " exists (expected: a new name)");
  }

  /** Spreads shards over the leaves that hold the fewest, in turn. */
  private List<ShardPlacement> place(int count) {
    var view = catalog.view();
    var leaves = view.nodesWith("leaf").stream().map(NodeRecord::node).sorted().toList();
    if (leaves.isEmpty()) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "leaves: none (expected: at least one)");
    }
    Map<String, Integer> load = new TreeMap<>();
    leaves.forEach(leaf -> load.put(leaf, 0));
    for (var dataset : view.allDatasets()) {
      for (var placement : dataset.shards()) {
        for (var node : placement.nodes()) {
          load.computeIfPresent(node, (_, shards) -> shards + 1);
        }
      }
    }
    List<ShardPlacement> placements = new ArrayList<>(count);
    for (int shard = 0; shard < count; shard++) {
      var least =
          load.entrySet().stream()
              .min(Map.Entry.<String, Integer>comparingByValue(Comparator.naturalOrder()))
              .orElseThrow();
      least.setValue(least.getValue() + 1);
      placements.add(
          new ShardPlacement(shard, 1, UUID.randomUUID().toString(), List.of(least.getKey())));
    }
    return placements;
  }

  /** Drops a dataset; its leaves delete the shards when they learn of it. */
  void drop(String tenant, String name, Deadline deadline) throws InterruptedException {
    var record = find(tenant, name);
    long revision =
        catalog.write(
            List.of(
                new Change.Delete(
                    CatalogKeys.dataset(tenant, name),
                    OptionalLong.of(
                        catalog.view().revisionOf(CatalogKeys.dataset(tenant, record.name()))))));
    var _ = catalog.awaitRevision(revision, deadline);
  }
}
