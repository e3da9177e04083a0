package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.function.Bound;
import java.util.Optional;

/**
 * One call to one leaf.
 *
 * @param attempt 1 for the first call to this leaf
 * @param figures what the leaf said it lacked
 * @param timeoutNanos time that the leaf has
 * @param reading what the shards must have seen
 * @param waitNanos that the leaf may wait for that; 0: as long as it has time
 * @param byShard whether each shard is answered with a partial of its own
 * @param budget what is left to the query
 * @param hits that it is asked for; 0: as many as the query asks for
 * @param whole whether it was asked before for fewer: a coordinator then asks no call for fewer
 * @param bar what lies below it makes no difference, given what was found elsewhere
 */
public record LeafCall(
    LeafAssignment leaf,
    int attempt,
    StatisticsEpoch epoch,
    Optional<Figures> figures,
    long timeoutNanos,
    Reading reading,
    long waitNanos,
    boolean byShard,
    Budget budget,
    int hits,
    boolean whole,
    Bound bar) {
  /**
   * What a query may still spend; a leaf stops where it alone has spent it.
   *
   * @param documents scanned; 0: any number
   * @param cpuNanos CPU time; 0: any
   */
  public record Budget(long documents, long cpuNanos) {
    public static final Budget ANY = new Budget(0, 0);
  }
}
