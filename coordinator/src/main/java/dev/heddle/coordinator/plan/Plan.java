package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.function.Coverage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Who is asked for what.
 *
 * @param leaves one call each; those that are handed parts are no leaves
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

  /** With other calls. */
  Plan asking(List<LeafAssignment> others) {
    return new Plan(dataset, others, missing, skipped);
  }

  /** Levels of calls: 1 if all of them go to leaves. */
  public int levels() {
    int most = 1;
    for (var leaf : leaves) {
      most = Math.max(most, leaf.levels());
    }
    return most;
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

  /**
   * All of a query's shards that one node answers for.
   *
   * @param parts none: the node is a leaf; else it is a coordinator, which asks these
   */
  public record LeafAssignment(
      String node, String address, List<ShardRef> shards, List<LeafAssignment> parts) {
    public LeafAssignment {
      shards = List.copyOf(shards);
      parts = List.copyOf(parts);
    }

    /** Of a leaf. */
    public LeafAssignment(String node, String address, List<ShardRef> shards) {
      this(node, address, shards, List.of());
    }

    /** Of a coordinator: the shards are those of its parts. */
    public static LeafAssignment handing(String node, String address, List<LeafAssignment> parts) {
      return new LeafAssignment(
          node, address, parts.stream().flatMap(part -> part.shards.stream()).toList(), parts);
    }

    /** Whether a coordinator is handed a part of the plan. */
    public boolean handed() {
      return !parts.isEmpty();
    }

    /** Those of leaves, of which this is made in the end. */
    public Stream<LeafAssignment> leaves() {
      return handed() ? parts.stream().flatMap(LeafAssignment::leaves) : Stream.of(this);
    }

    /** Levels of calls from here on: 1 for a leaf. */
    public int levels() {
      int below = 0;
      for (var part : parts) {
        below = Math.max(below, part.levels());
      }
      return 1 + below;
    }

    /** Only for these of its shards, of which there is one at least. */
    public LeafAssignment only(Collection<ShardRef> wanted) {
      return new LeafAssignment(
          node,
          address,
          shards.stream().filter(wanted::contains).toList(),
          parts.stream()
              .filter(part -> part.shards.stream().anyMatch(wanted::contains))
              .map(part -> part.only(wanted))
              .toList());
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
