package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a shard lives.
 *
 * @param shard number in its dataset, from 0
 * @param generation changes with every change of the placement, from 1
 * @param incarnation of the shard's history: a restored or recreated shard has another one
 * @param nodes that hold the shard and may be read, 1..16, each once
 * @param joining on its way in: it catches up, and is not read yet; at most one
 * @param leaving of the nodes, the one that is to go once the joining one is there; at most one
 * @param begun of the nodes and the joining one, those that have the shard's files: one of them
 *     that has none any more has lost them
 */
public record ShardPlacement(
    int shard,
    long generation,
    String incarnation,
    List<String> nodes,
    Optional<String> joining,
    Optional<String> leaving,
    List<String> begun) {
  public ShardPlacement {
    nodes = List.copyOf(nodes);
    begun = List.copyOf(begun);
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
    for (String node : begun) {
      if (!nodes.contains(node) && !joining.equals(Optional.of(node))) {
        throw invalid(
            "begun of shard " + shard + ": " + node + " (expected: one of " + nodes + ")");
      }
    }
  }

  /** A new one, at rest: nobody joins or leaves, and nobody has begun. */
  public ShardPlacement(int shard, long generation, String incarnation, List<String> nodes) {
    this(shard, generation, incarnation, nodes, Optional.empty(), Optional.empty(), List.of());
  }

  /** Whether the node has the shard, or is to have it. */
  public boolean concerns(String node) {
    return nodes.contains(node) || joining.filter(node::equals).isPresent();
  }

  /** The next placement, while {@code node} joins and {@code gone} is to leave. */
  public ShardPlacement moving(Optional<String> node, Optional<String> gone) {
    return next(nodes, node, gone);
  }

  /** The next placement, at rest, on other nodes. */
  public ShardPlacement on(List<String> others) {
    return next(others, Optional.empty(), Optional.empty());
  }

  /** The next placement, without a node that holds the shard or was to. */
  public ShardPlacement without(String gone) {
    return next(
        nodes.stream().filter(node -> !node.equals(gone)).toList(),
        joining.filter(node -> !node.equals(gone)),
        leaving.filter(node -> !node.equals(gone)));
  }

  private ShardPlacement next(List<String> others, Optional<String> node, Optional<String> gone) {
    List<String> still =
        begun.stream()
            .filter(one -> others.contains(one) || node.equals(Optional.of(one)))
            .toList();
    return new ShardPlacement(shard, generation + 1, incarnation, others, node, gone, still);
  }

  /** The same placement, now that {@code node} has the shard's files, or has none any more. */
  public ShardPlacement begun(String node, boolean has) {
    List<String> now =
        Stream.concat(
                begun.stream().filter(one -> !one.equals(node)),
                has ? Stream.of(node) : Stream.empty())
            .sorted()
            .toList();
    return new ShardPlacement(shard, generation, incarnation, nodes, joining, leaving, now);
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
