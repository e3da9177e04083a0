package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.function.Coverage;
import java.util.List;

/**
 * Who is asked for what.
 *
 * @param leaves one call each
 * @param missing shards that nobody can be asked for
 */
public record Plan(
    DatasetRecord dataset, List<LeafAssignment> leaves, List<Coverage.Missing> missing) {
  public Plan {
    leaves = List.copyOf(leaves);
    missing = List.copyOf(missing);
  }

  /** With a call of its own for each shard: for functions whose partials merge in shard order. */
  public Plan byShard() {
    return new Plan(
        dataset,
        leaves.stream()
            .flatMap(leaf ->
                leaf.shards().stream()
                    .map(shard -> new LeafAssignment(leaf.node(), leaf.address(), List.of(shard))))
            .toList(),
        missing);
  }

  /** All of a query's shards that one leaf answers for. */
  public record LeafAssignment(String node, String address, List<ShardRef> shards) {
    public LeafAssignment {
      shards = List.copyOf(shards);
    }
  }

  /** A shard at a generation of its placement. */
  public record ShardRef(int shard, long generation) {}
}
