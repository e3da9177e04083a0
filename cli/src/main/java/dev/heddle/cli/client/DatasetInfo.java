package dev.heddle.cli.client;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * A dataset, as a cluster describes it.
 *
 * @param schema as the HTTP edge has it
 * @param documents what the shards that can be asked hold
 * @param createdAt in ISO-8601 UTC
 */
public record DatasetInfo(
    String name,
    String id,
    JsonNode schema,
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
}
