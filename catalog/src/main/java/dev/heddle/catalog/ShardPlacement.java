package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * Where a shard lives.
 *
 * @param shard number in its dataset, from 0
 * @param generation changes with every change of the placement, from 1
 * @param incarnation of the shard's history: a restored or recreated shard has another one
 * @param nodes that hold the shard and may be read, 1..16, each once
 * @param joining on its way in: it catches up, and is not read yet; at most one
 * @param leaving of the nodes, the one that is to go once the joining one is there; at most one
 */
public record ShardPlacement(
    int shard,
    long generation,
    String incarnation,
    List<String> nodes,
    Optional<String> joining,
    Optional<String> leaving) {
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
    if (joining.isPresent()) {
      CatalogKeys.checkName("node", joining.get());
      if (nodes.contains(joining.get())) {
        throw invalid(
            "joining of shard "
                + shard
                + ": "
                + joining.get()
                + " (expected: none of "
                + nodes
                + ")");
      }
    }
    if (leaving.isPresent() && !nodes.contains(leaving.get())) {
      throw invalid(
          "leaving of shard " + shard + ": " + leaving.get() + " (expected: one of " + nodes + ")");
    }
  }

  /** At rest: nobody joins or leaves. */
  public ShardPlacement(int shard, long generation, String incarnation, List<String> nodes) {
    this(shard, generation, incarnation, nodes, Optional.empty(), Optional.empty());
  }

  /** Whether the node has the shard, or is to have it. */
  public boolean concerns(String node) {
    return nodes.contains(node) || joining.filter(node::equals).isPresent();
  }

  /** The next placement, while {@code node} joins and {@code gone} is to leave. */
  public ShardPlacement moving(Optional<String> node, Optional<String> gone) {
    return new ShardPlacement(shard, generation + 1, incarnation, nodes, node, gone);
  }

  /** The next placement, at rest, on other nodes. */
  public ShardPlacement on(List<String> others) {
    return new ShardPlacement(shard, generation + 1, incarnation, others);
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
