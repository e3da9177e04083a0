package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.Counter;
import java.util.function.Supplier;

/**
 * What all queries of a coordinator share.
 *
 * @param catalog its present view
 * @param reasks counts shards that were asked again at another replica
 */
record SharedState(
    CoordinatorConfig config,
    Supplier<CatalogView> catalog,
    LeafGrpcClient leaves,
    Planner planner,
    ReplicaTable table,
    StatisticsEpochs epochs,
    KnownShards known,
    Counter reasks,
    Ticker ticker) {}
