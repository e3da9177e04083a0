package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.process.Channels;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * What queries share at a coordinator: with the default limits, an empty catalog, flat, and without
 * hedging, unless told otherwise.
 */
final class SharedStateBuilder {
  private final ReplicaTable table;
  private final LeafGrpcClient leaves;
  private final Ticker ticker;
  private CoordinatorConfig config = CoordinatorConfig.defaults();
  private Supplier<CatalogView> catalog = CatalogView::empty;
  private Planner planner;
  private StatisticsEpochs epochs;
  private KnownShards known;
  private Tree tree;
  private HedgingPolicy hedging = new NoHedging();
  private Ledger ledger = ledger((address, calls) -> new CompletableFuture<>());
  private Counter reasks = counter("reasks");

  SharedStateBuilder(ReplicaTable table, Channels channels, Ticker ticker) {
    this.table = table;
    this.leaves = new LeafGrpcClient(channels);
    this.known = new KnownShards(table);
    this.ticker = ticker;
    var random = new Random(1);
    this.planner = new Planner(new ReplicaChoice(table, new C3Policy(), () -> random, ticker));
    this.epochs = new StatisticsEpochs("test", Duration.ofSeconds(1), ticker);
    this.tree = new Tree("test", 0, ThreadLocalRandom::current, ticker);
  }

  static Ledger ledger(Ledger.Leaves leaves) {
    var registry = new SimpleMeterRegistry();
    return new Ledger(leaves, new Billed(RateCard.defaults(), registry), registry);
  }

  private static Counter counter(String name) {
    return new SimpleMeterRegistry().counter(name);
  }

  SharedStateBuilder config(CoordinatorConfig config) {
    this.config = config;
    return this;
  }

  SharedStateBuilder catalog(Supplier<CatalogView> catalog) {
    this.catalog = catalog;
    return this;
  }

  SharedStateBuilder planner(Planner planner) {
    this.planner = planner;
    return this;
  }

  SharedStateBuilder epochs(StatisticsEpochs epochs) {
    this.epochs = epochs;
    return this;
  }

  SharedStateBuilder known(KnownShards known) {
    this.known = known;
    return this;
  }

  SharedStateBuilder tree(Tree tree) {
    this.tree = tree;
    return this;
  }

  SharedStateBuilder hedging(HedgingPolicy hedging) {
    this.hedging = hedging;
    return this;
  }

  SharedStateBuilder ledger(Ledger ledger) {
    this.ledger = ledger;
    return this;
  }

  /** Counts shards that were asked again because one failed. */
  SharedStateBuilder reasks(Counter reasks) {
    this.reasks = reasks;
    return this;
  }

  SharedState build() {
    var scatter = config.scatter();
    int burst = scatter.extraBurst();
    return new SharedState(
        config,
        catalog,
        leaves,
        planner,
        table,
        epochs,
        known,
        tree,
        hedging,
        new ExtraBudget(scatter.hedgeBudget(), burst, scatter.slowShare(), false),
        new ExtraBudget(scatter.retryBudget(), burst, 1, true),
        new ExtraBudget(scatter.repairBudget(), burst, 1, true),
        new HeldBytes(scatter.queryBytes(), scatter.allBytes()),
        ledger,
        new Courses(),
        reasks,
        counter("hedged"),
        counter("repaired"),
        counter("cut"),
        counter("bars"),
        ticker);
  }
}
