package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;

/**
 * Where a shard lives.
 *
 * @param shard number in its dataset, from 0
 * @param generation changes with every change of the placement, from 1
 * @param incarnation of the shard's history: a restored or recreated shard has another one
 * @param nodes 1..16, each once
 */
public record ShardPlacement(int shard, long generation, String incarnation, List<String> nodes) {
  public ShardPlacement {
    nodes = List.copyOf(nodes);
    if (shard < 0 || shard >= DatasetRecord.MOST_SHARDS) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "shard: " + shard + " (expected: 0.." + (DatasetRecord.MOST_SHARDS - 1) + ")");
    }
    if (generation < 1) {
      throw invalid("generation of shard " + shard + ": " + generation + " (expected: >= 1)");
    }
    CatalogKeys.checkName("incarnation", incarnation);
    if (nodes.isEmpty() || nodes.size() > 16 || new HashSet<>(nodes).size() != nodes.size()) {
      throw invalid("nodes of shard " + shard + ": " + nodes + " (expected: 1..16, each once)");
    }
    nodes.forEach(node -> CatalogKeys.checkName("node", node));
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
