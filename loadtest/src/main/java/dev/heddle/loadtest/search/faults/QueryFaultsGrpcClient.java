package dev.heddle.loadtest.search.faults;

import dev.heddle.loadtest.chaos.Fault;
import dev.heddle.loadtest.chaos.Leaders;
import dev.heddle.loadtest.chaos.Nemesis;
import dev.heddle.loadtest.chaos.NemesisPlan;
import dev.heddle.loadtest.chaos.NemesisStep;
import dev.heddle.loadtest.chaos.NemesisStep.Action;
import dev.heddle.loadtest.chaos.NemesisStep.Target;
import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops and kills leaves, and takes shards from leaves and gives them to others, from its making on
 * until it is ended. One of the leaves' kills in four lasts until their shards have moved.
 */
final class QueryFaultsGrpcClient {
  /** A leaf that is away for a few seconds has lost its shards to others. */
  static final String SETTINGS =
      "leaf: {shards: {commit-after: 200ms, placement: {rebuild-after: 4s, every: 500ms}}}\n";

  /** That a shard has at first. */
  static final int REPLICAS = 3;

  /** That a shard has when one was taken from it. */
  static final int FEWER_REPLICAS = REPLICAS - 1;

  private static final Logger log = LoggerFactory.getLogger(QueryFaultsGrpcClient.class);
  private static final Duration LONGEST = Duration.ofHours(1);
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final int STEPS = 10_000;

  private final Nemesis nemesis;
  private final DatasetsGrpc.DatasetsBlockingStub datasets;
  private final String dataset;
  private final Ticker ticker;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicInteger changes = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private final List<String> failures = new CopyOnWriteArrayList<>();

  private QueryFaultsGrpcClient(
      Nemesis nemesis, DatasetsGrpc.DatasetsBlockingStub datasets, String dataset, Ticker ticker) {
    this.nemesis = nemesis;
    this.datasets = datasets;
    this.dataset = dataset;
    this.ticker = ticker;
  }

  /** Begins. */
  static QueryFaultsGrpcClient start(
      ProcessCluster cluster,
      Leaders leaders,
      Channel coordinator,
      String dataset,
      long seed,
      Ticker ticker,
      Consumer<String> progress) {
    var nemesis = new Nemesis(cluster, leaders, () -> true, ticker, progress);
    var faults =
        new QueryFaultsGrpcClient(
            nemesis, DatasetsGrpc.newBlockingStub(coordinator), dataset, ticker);
    var plan = plan((int) cluster.layout().leaves().count(), new Random(seed));
    var random = new Random(seed + 1);
    faults.thread("query-nemesis", () -> nemesis.run(plan, LONGEST));
    faults.thread("query-moves", () -> faults.move(random));
    return faults;
  }

  /** What may be interrupted. */
  private interface Work {
    void run() throws InterruptedException;
  }

  private void thread(String name, Work work) {
    var thread =
        Threads.named(name)
            .newThread(() -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } catch (RuntimeException | Error e) {
                log.error("faults end thread={}", name, e);
                // What is interrupted at the end may fail.
                if (!stopped.get()) {
                  failures.add(name + ": " + e);
                }
              }
            });
    threads.add(thread);
    thread.start();
  }

  /** The first leaves of the layout are its leaves. */
  static NemesisPlan plan(int leaves, Random random) {
    var steps = new ArrayList<NemesisStep>();
    while (steps.size() < STEPS) {
      var target = new Target.Node(random.nextInt(leaves));
      var wait = millis(random, 300, 1_500);
      boolean kill = random.nextInt(8) == 0;
      var time =
          !kill
              ? millis(random, 50, 2_000)
              : random.nextInt(4) == 0 ? millis(random, 6_000, 10_000) : millis(random, 0, 3_000);
      steps.add(new NemesisStep(false, wait, kill ? Action.KILL : Action.PAUSE, target, time));
    }
    return new NemesisPlan(steps);
  }

  private static Duration millis(Random random, int least, int most) {
    return Duration.ofMillis(least + random.nextInt(most - least));
  }

  /** Takes a replica of each shard away, then has them made again where there is most room. */
  private void move(Random random) throws InterruptedException {
    for (int replicas = FEWER_REPLICAS; !stopped.get(); ) {
      Pacing.pause(millis(random, 3_000, 7_000), ticker, stopped::get);
      if (stopped.get() || !alter(replicas)) {
        continue;
      }
      changes.incrementAndGet();
      replicas = replicas == REPLICAS ? FEWER_REPLICAS : REPLICAS;
    }
  }

  /** Returns whether it was taken. */
  boolean alter(int replicas) {
    try {
      var _ =
          datasets
              .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS)
              .alter(
                  AlterDatasetRequest.newBuilder().setName(dataset).setReplicas(replicas).build());
      return true;
    } catch (StatusRuntimeException e) {
      // The catalog has no leader for the moment.
      log.debug("replicas not changed dataset={}", dataset, e);
      return false;
    }
  }

  /** How often the number of replicas was changed. */
  int changes() {
    return changes.get();
  }

  /** Why a part of the faults ended before it was to. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  /** What was done to leaves; once this has ended, all of it. */
  List<Fault> faults() {
    return nemesis.faults();
  }

  /** Ends; leaves that are down stay so. */
  void end() throws InterruptedException {
    stopped.set(true);
    threads.forEach(Thread::interrupt);
    try {
      for (var thread : threads) {
        thread.join();
      }
    } finally {
      nemesis.close();
    }
  }
}
