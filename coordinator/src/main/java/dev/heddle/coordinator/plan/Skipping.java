package dev.heddle.coordinator.plan;

import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Plan.Skipped;
import dev.heddle.function.ShardSummary;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Leaves shards out of a plan in which nothing can match. A summary is always somewhat old, so this
 * is done only for reads that name the position that they have to see: with a summary of that
 * position or a later one the answer is what a replica there would have given. Whatever else is
 * read, the leaf looks itself, at the view that it would search.
 *
 * <p>Nor is a shard left out of which some replica is known to show more than the summary, or whose
 * replica has been silent for a while. One shard is always asked: a function sees what is wrong
 * with a request where it runs.
 *
 * <p>Safe for many threads.
 */
public final class Skipping {
  private static final long OLD_NANOS = Duration.ofSeconds(1).toNanos();

  private final ReplicaTable table;
  private final Ticker ticker;

  public Skipping(ReplicaTable table, Ticker ticker) {
    this.table = table;
    this.ticker = ticker;
  }

  /**
   * The plan without shards that cannot match.
   *
   * @param canMatch whether a shard can add anything to the answer
   */
  public Plan skip(Plan plan, Reading reading, Predicate<ShardSummary> canMatch) {
    if (reading.level() != Reading.Level.SESSION) {
      return plan;
    }
    List<Skipped> skipped = new ArrayList<>(0);
    List<LeafAssignment> leaves = new ArrayList<>(plan.leaves().size());
    int shards = plan.leaves().stream().mapToInt(leaf -> leaf.shards().size()).sum();
    for (var leaf : plan.leaves()) {
      List<ShardRef> asked = new ArrayList<>(leaf.shards().size());
      for (var ref : leaf.shards()) {
        var summary = current(plan, reading, ref.shard());
        if (summary != null && skipped.size() < shards - 1 && !canMatch.test(summary)) {
          skipped.add(
              new Skipped(
                  new LeafAssignment(leaf.node(), leaf.address(), List.of(ref)),
                  summary,
                  stalenessMicros(plan, summary)));
        } else {
          asked.add(ref);
        }
      }
      if (!asked.isEmpty()) {
        leaves.add(
            asked.size() == leaf.shards().size()
                ? leaf
                : new LeafAssignment(leaf.node(), leaf.address(), asked));
      }
    }
    return skipped.isEmpty() ? plan : new Plan(plan.dataset(), leaves, plan.missing(), skipped);
  }

  /** The shard's summary, if it is as new as the read demands; else null. */
  private @Nullable KnownSummary current(Plan plan, Reading reading, int shard) {
    long wanted = reading.index(shard);
    if (wanted == 0) {
      return null;
    }
    var dataset = plan.dataset();
    var summary = table.summary(dataset.id(), shard);
    if (summary == null
        || summary.index() < wanted
        || !summary.incarnation().equals(dataset.shards().get(shard).incarnation())
        || ageNanos(summary) > OLD_NANOS) {
      return null;
    }
    for (var replica : table.replicas(dataset.id(), shard)) {
      if (replica.visible() > summary.index()) {
        return null;
      }
    }
    return summary;
  }

  /** Since its node was heard of: until then the view was that of the summary. */
  private long ageNanos(KnownSummary summary) {
    var load = table.load(summary.node());
    return load == null || table.doubtful(summary.node())
        ? Long.MAX_VALUE
        : ticker.nanoTime() - load.heardNanos();
  }

  private long stalenessMicros(Plan plan, KnownSummary summary) {
    long staleness = 0;
    for (var replica : table.replicas(plan.dataset().id(), summary.shard())) {
      if (replica.node().equals(summary.node())) {
        staleness = replica.stalenessMicros();
      }
    }
    return staleness + ageNanos(summary) / 1_000;
  }
}
