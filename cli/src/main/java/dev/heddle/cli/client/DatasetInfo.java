package dev.heddle.cli.client;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * A dataset, as a cluster describes it.
 *
 * @param schema as the HTTP edge has it
 * @param schemaVersion from 1; each change of the schema adds one
 * @param replicas copies wanted of each shard
 * @param documents what the shards that can be asked hold
 * @param createdAt in ISO-8601 UTC
 */
public record DatasetInfo(
    String name,
    String id,
    JsonNode schema,
    long schemaVersion,
    int replicas,
    List<ShardInfo> shards,
    long documents,
    String createdAt) {
  public DatasetInfo {
    shards = List.copyOf(shards);
  }

  /** Whether every shard can be asked. */
  public boolean complete() {
    return shards.stream().allMatch(ShardInfo::available);
  }

  /** Whether every shard has a leader, and takes writes. */
  public boolean led() {
    return shards.stream().allMatch(shard -> shard.leader().isPresent());
  }

  /** Whether every shard has all its copies, and none is on its way. */
  public boolean replicated() {
    return shards.stream().allMatch(shard -> shard.settled(replicas));
  }
}
