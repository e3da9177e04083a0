package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.Planner.Routes;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Bill;
import dev.heddle.engine.Engine;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Coverage;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.ManualTicker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator's real planning, hedging and gathering over leaves that only exist in the time of a
 * manual clock: nothing waits, and a seed gives the same run again. One thread.
 */
final class SimulatedCluster implements AutoCloseable {
  static final Duration WAY = Duration.ofNanos(50_000);
  static final int DOCUMENTS = 100;

  final ManualTicker ticker = new ManualTicker();
  final Random random;
  final ReplicaTable table = new ReplicaTable(ticker);
  final Map<String, SimulatedLeaf> leaves = new TreeMap<>();
  final SharedState shared;
  private final Planner planner;
  private final Channels channels = new Channels(Credentials.none());
  private final Engine engine = Fixtures.engine();
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final long startNanos = ticker.nanoTime();
  private long sequence;
  private Routes routes;
  private DatasetRecord dataset;

  /** First executions and extra ones that were sent, by shard. */
  int firstExecutions;

  int extraExecutions;

  /** Something that happens. */
  private record Event(long atNanos, long number, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  /**
   * Builds the cluster; each shard is on {@code replicas} nodes at random.
   *
   * @param policy gets the cluster, so that an oracle may look into it
   */
  SimulatedCluster(
      long seed,
      int nodes,
      int shards,
      int replicas,
      ReplicaPolicy policy,
      HedgingPolicies hedging) {
    this.random = new Random(seed);
    for (int i = 0; i < nodes; i++) {
      var leaf = new SimulatedLeaf(this, "leaf-" + i);
      leaves.put(leaf.record.node(), leaf);
    }
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      var names = new ArrayList<>(leaves.keySet());
      Collections.shuffle(names, random);
      placements.add(
          new ShardPlacement(shard, 7, "i" + shard, List.copyOf(names.subList(0, replicas))));
    }
    place(placements);
    this.planner = new Planner(new ReplicaChoice(table, policy, () -> random, ticker));
    this.shared =
        Fixtures.shared(
            CatalogView::empty,
            new LeafGrpcClient(channels),
            planner,
            table,
            new StatisticsEpochs("simulation", Duration.ofSeconds(1), ticker),
            new KnownShards(),
            hedging.make(ticker),
            new SimpleMeterRegistry().counter("reasks"),
            ticker);
  }

  /** Makes a hedging policy for the cluster's clock. */
  interface HedgingPolicies {
    HedgingPolicy make(ManualTicker ticker);
  }

  /** The coordinator sees the shards there from now on. */
  void place(List<ShardPlacement> placements) {
    dataset =
        new DatasetRecord(
            "default",
            "books",
            "0b9e2f7c-8d53-4c0e-9a63-0d1f5d7e9a10",
            Fixtures.dataset(1).schema(),
            1,
            3,
            placements,
            Instant.EPOCH);
    for (var leaf : leaves.values()) {
      leaf.holds.clear();
    }
    for (var placement : placements) {
      for (var node : placement.nodes()) {
        leaf(node).holds.add(placement.shard());
      }
    }
    routes = new Routes(dataset, name -> Optional.of(leaf(name).record));
  }

  DatasetRecord dataset() {
    return dataset;
  }

  SimulatedLeaf leaf(String name) {
    return Objects.requireNonNull(leaves.get(name));
  }

  long now() {
    return ticker.nanoTime() - startNanos;
  }

  /** Lets something happen later. */
  void after(long nanos, Runnable what) {
    events.add(new Event(now() + Math.max(0, nanos), sequence++, what));
  }

  /** Runs until nothing happens any more, or the time is over. */
  void run(Duration most) {
    while (!events.isEmpty() && events.element().atNanos <= most.toNanos()) {
      var next = events.remove();
      ticker.advance(Duration.ofNanos(next.atNanos - now()));
      next.what.run();
    }
  }

  /** A query's end. */
  record Answered(String result, Coverage coverage, Bill bill, long tookNanos, int attempts) {}

  /** The function that queries run: {@code sum}, or {@code list}, which does not commute. */
  String function = "sum";

  /** A share of queries, 0..1, searches for a term that no leaf has figures of. */
  double newTerms;

  /** Begins a query now. */
  void query(Duration deadline, Consumer<Answered> answered) {
    new Query(deadline, answered).begin();
  }

  private Optional<TermKey> term() {
    if (newTerms == 0) {
      return Optional.empty();
    }
    int number = random.nextDouble() < newTerms ? terms++ : Math.max(0, terms - 1);
    return Optional.of(new TermKey("title", "t" + number));
  }

  private int terms;

  /** Each shard has each term once: nobody may be told of more, and of less only if told so. */
  private void check(Optional<Figures> figures) {
    figures.ifPresent(known ->
        known
            .terms()
            .forEach((term, count) -> {
              if (count.documentFrequency() > dataset.shards().size()) {
                throw new AssertionError("figures counted twice: " + term + " " + count);
              }
            }));
  }

  private final class Query implements QueryCourse.Door {
    private final ScatterRun run = Fixtures.run(engine, function);
    private final Optional<TermKey> term = term();
    private final long began = now();
    private final Consumer<Answered> answered;
    private final Gather gather;
    private final QueryCourse course;
    private long wakeAt = Long.MAX_VALUE;
    private boolean over;

    Query(Duration deadline, Consumer<Answered> answered) {
      this.answered = answered;
      var whole = planner.plan(routes, Reading.ANY);
      var plan = run.commutative() ? whole : whole.byShard();
      firstExecutions += plan.leaves().stream().mapToInt(leaf -> leaf.shards().size()).sum();
      this.gather = new Gather(run, plan, shared.known());
      var tries =
          new ShardTries(
              dataset,
              Reading.ANY,
              (shard, asked) -> planner.another(routes, Reading.ANY, shard, asked),
              Duration.ofMillis(200),
              run.commutative());
      this.course =
          new QueryCourse(
              shared,
              plan,
              Reading.ANY,
              gather,
              tries,
              shared.hedging().of(dataset.id(), "sum"),
              this,
              ticker.nanoTime() + deadline.toNanos());
    }

    void begin() {
      course.begin();
      goOn();
    }

    private void goOn() {
      if (over) {
        return;
      }
      if (course.done()) {
        over = true;
        course.end();
        var coverage = gather.coverage("deadline");
        var result = String.valueOf(run.finish(gather.merged(), coverage));
        run.close();
        answered.accept(
            new Answered(result, coverage, gather.bill(), now() - began, course.attempts().size()));
        return;
      }
      long wake = course.wakeNanos() - startNanos;
      if (wake != wakeAt) {
        wakeAt = wake;
        after(wake - now(), () -> wake(wake));
      }
    }

    private void wake(long planned) {
      if (!over && planned == wakeAt) {
        wakeAt = Long.MAX_VALUE;
        course.tick();
        goOn();
      }
    }

    @Override
    public Runnable send(LeafCall call, Attempt attempt) {
      if (attempt.kind == Attempt.Kind.HEDGE) {
        extraExecutions += call.leaf().shards().size();
      }
      check(call.figures());
      var work =
          new SimulatedLeaf.Work(
              call,
              term,
              reply ->
                  after(
                      WAY.toNanos(),
                      () -> {
                        if (!over) {
                          course.reply(attempt, reply);
                          goOn();
                        }
                      }));
      var leaf = leaf(call.leaf().node());
      after(WAY.toNanos(), () -> leaf.take(work));
      return () -> {
        work.cancelled = true;
        after(WAY.toNanos(), () -> leaf.drop(work));
      };
    }

    @Override
    public void improved() {}
  }

  /** How long a leaf works on a shard, in nanoseconds. */
  interface Service {
    long nanos(SimulatedLeaf leaf, int shard);
  }

  Service service = (leaf, shard) -> 100_000;

  /** How long a call hangs beside its work, in nanoseconds; holds no thread. */
  interface Stall {
    long nanos(SimulatedLeaf leaf);
  }

  Stall stall = leaf -> 0;

  /** What is the matter with an answer; null: nothing. */
  @Nullable String wrong(Answered answered, int shards) {
    var parts =
        answered.result().equals("nothing")
            ? List.<String>of()
            : List.of(answered.result().split("\\+", -1));
    if (Set.copyOf(parts).size() != parts.size()) {
      return "counted twice: " + parts;
    }
    if (function.equals("list") && !parts.equals(inOrder(parts))) {
      return "not in the order of the shards: " + parts;
    }
    var coverage = answered.coverage();
    if (parts.size() != coverage.answered()) {
      return "covers " + coverage.answered() + ", has " + parts;
    }
    for (var gap : coverage.missing()) {
      if (parts.contains("s" + gap.shard())) {
        return "has shard " + gap.shard() + ", which it calls missing";
      }
    }
    if (coverage.answered() + coverage.missing().size() != shards) {
      return "coverage: " + coverage;
    }
    return coverage.seen() == (long) DOCUMENTS * parts.size() ? null : "seen: " + coverage;
  }

  private static List<String> inOrder(List<String> parts) {
    Comparator<String> byShard = Comparator.comparingInt(p -> Integer.parseInt(p.substring(1)));
    return parts.stream().sorted(byShard).toList();
  }

  @Override
  public void close() {
    engine.close();
    channels.close();
  }
}
