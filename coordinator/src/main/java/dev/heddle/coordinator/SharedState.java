package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.Counter;
import java.util.function.Supplier;

/**
 * What all queries of a coordinator share.
 *
 * @param catalog its present view
 * @param hedging says when a call is late
 * @param hedges budget of extra executions for late shards
 * @param retries budget of those for failed shards
 * @param reasks counts shards that were asked again at another replica because one failed
 * @param hedgedShards counts those that were asked again because one was late
 */
record SharedState(
    CoordinatorConfig config,
    Supplier<CatalogView> catalog,
    LeafGrpcClient leaves,
    Planner planner,
    ReplicaTable table,
    StatisticsEpochs epochs,
    KnownShards known,
    HedgingPolicy hedging,
    ExtraBudget hedges,
    ExtraBudget retries,
    HeldBytes bytes,
    Ledger ledger,
    Counter reasks,
    Counter hedgedShards,
    Ticker ticker) {}
