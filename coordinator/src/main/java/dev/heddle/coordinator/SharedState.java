package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.Counter;
import java.util.function.Supplier;

/**
 * What all queries of a coordinator share.
 *
 * @param catalog its present view
 * @param tree hands parts of plans to other coordinators
 * @param hedging says when a call is late
 * @param hedges budget of extra executions for late shards
 * @param retries budget of those for failed shards
 * @param repairs budget of those for shards that were asked for too few hits
 * @param courses those under way
 * @param reasks counts shards that were asked again at another replica because one failed
 * @param hedgedShards counts those that were asked again because one was late
 * @param repairedShards counts those that were asked again as they were asked for too few hits
 * @param cutAnswers counts answers with fewer hits than there may be, as there was no time for that
 * @param barsTold counts how often calls under way were told what others found
 */
record SharedState(
    CoordinatorConfig config,
    Supplier<CatalogView> catalog,
    LeafGrpcClient leaves,
    Planner planner,
    ReplicaTable table,
    StatisticsEpochs epochs,
    KnownShards known,
    Tree tree,
    HedgingPolicy hedging,
    ExtraBudget hedges,
    ExtraBudget retries,
    ExtraBudget repairs,
    HeldBytes bytes,
    Ledger ledger,
    Courses courses,
    Counter reasks,
    Counter hedgedShards,
    Counter repairedShards,
    Counter cutAnswers,
    Counter barsTold,
    Ticker ticker) {
  /** What holds for the calls of a query of the function over the dataset. */
  CourseTerms terms(
      String datasetId,
      String function,
      Reading reading,
      Budget budget,
      int levels,
      Trim trim,
      boolean hears,
      long softDeadlineNanos) {
    var leaves = hedging.of(datasetId, function);
    return new CourseTerms(
        reading,
        leaves,
        levels == 1 ? leaves : hedging.of(datasetId, function + HedgingPolicy.PARTS),
        budget,
        levels,
        trim,
        hears,
        softDeadlineNanos);
  }
}
