package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A dataset: its schema and where its shards are. Stored under {@link CatalogKeys#dataset}.
 *
 * @param id never used again, unlike the name
 * @param schemaVersion from 1; each change of the schema adds one
 * @param replicas copies wanted of each shard, 1..7
 * @param shards 1..1,024, by number
 */
public record DatasetRecord(
    String tenant,
    String name,
    String id,
    Schema schema,
    long schemaVersion,
    int replicas,
    List<ShardPlacement> shards,
    Instant createdAt) {
  /** Shards of a dataset at most. */
  public static final int MOST_SHARDS = 1_024;

  /** Copies of a shard at most. */
  public static final int MOST_REPLICAS = 7;

  public DatasetRecord {
    RequestContext.checkTenant(tenant);
    CatalogKeys.checkName("dataset", name);
    CatalogKeys.checkName("dataset id", id);
    if (schemaVersion < 1) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "schema version: " + schemaVersion + " (expected: >= 1)");
    }
    if (replicas < 1 || replicas > MOST_REPLICAS) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "replicas: " + replicas + " (expected: 1.." + MOST_REPLICAS + ")");
    }
    shards = List.copyOf(shards);
    if (shards.isEmpty() || shards.size() > MOST_SHARDS) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "shards: " + shards.size() + " (expected: 1.." + MOST_SHARDS + ")");
    }
    for (int i = 0; i < shards.size(); i++) {
      if (shards.get(i).shard() != i) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "shard: " + shards.get(i).shard() + " (expected: " + i + ", in order)");
      }
    }
  }

  public String key() {
    return CatalogKeys.dataset(tenant, name);
  }

  /** With one placement in place of the shard's present one. */
  public DatasetRecord with(ShardPlacement placement) {
    List<ShardPlacement> others = new ArrayList<>(shards);
    others.set(placement.shard(), placement);
    return new DatasetRecord(tenant, name, id, schema, schemaVersion, replicas, others, createdAt);
  }

  /** The placement of the shard that holds the document {@code id}. */
  public ShardPlacement shardOf(String documentId) {
    return shards.get(Slots.shard(documentId, shards.size()));
  }
}
