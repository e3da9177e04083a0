package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.function.Coverage;
import java.util.ArrayList;
import java.util.List;

/**
 * Who is asked for what.
 *
 * @param leaves one call each
 * @param missing shards that nobody can be asked for
 * @param skipped shards that are not asked, as nothing in them can match
 */
public record Plan(
    DatasetRecord dataset,
    List<LeafAssignment> leaves,
    List<Coverage.Missing> missing,
    List<Skipped> skipped) {
  public Plan {
    leaves = List.copyOf(leaves);
    missing = List.copyOf(missing);
    skipped = List.copyOf(skipped);
  }

  /** Of a plan that skips nothing. */
  public Plan(DatasetRecord dataset, List<LeafAssignment> leaves, List<Coverage.Missing> missing) {
    this(dataset, leaves, missing, List.of());
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
        missing,
        skipped);
  }

  /**
   * A shard in which nothing can match.
   *
   * @param leaf whom to ask if it is to be asked after all; for this shard only
   * @param summary that says so
   * @param stalenessMicros how old what it speaks of may be
   */
  public record Skipped(LeafAssignment leaf, KnownSummary summary, long stalenessMicros) {
    ShardRef ref() {
      return leaf.shards().getFirst();
    }

    public int shard() {
      return ref().shard();
    }

    public long generation() {
      return ref().generation();
    }
  }

  /** All of a query's shards that one leaf answers for. */
  public record LeafAssignment(String node, String address, List<ShardRef> shards) {
    public LeafAssignment {
      shards = List.copyOf(shards);
    }

    /** Also with the shards of another one, of the same leaf. */
    public LeafAssignment with(LeafAssignment other) {
      List<ShardRef> all = new ArrayList<>(shards);
      all.addAll(other.shards);
      return new LeafAssignment(node, address, all);
    }
  }

  /** A shard at a generation of its placement. */
  public record ShardRef(int shard, long generation) {}
}
