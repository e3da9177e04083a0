package dev.heddle.cli.client;

import java.util.List;

/** A shard of a dataset: where it is, and whether it can be asked now. */
public record ShardInfo(
    int shard, long generation, List<String> nodes, long documents, boolean available) {
  public ShardInfo {
    nodes = List.copyOf(nodes);
  }
}
