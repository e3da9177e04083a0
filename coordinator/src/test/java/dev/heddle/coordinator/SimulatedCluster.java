package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.SimulatedCourse.Sent;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.Planner.Routes;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
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
  final TreeMap<String, SimulatedCoordinator> coordinators = new TreeMap<>();
  final SharedState shared;
  private final Planner planner;
  private final Channels channels = new Channels(Credentials.none());
  private final Engine engine = Fixtures.engine();
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final long startNanos = ticker.nanoTime();
  private final Duration barInterval;
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

  /** First calls of one course at most. */
  int mostCalls;

  /** What leaves spent on queries, by query. */
  final Map<String, Bill> spent = new TreeMap<>();

  /** Levels of calls in the trees of queries. */
  int levels;

  /**
   * What there is.
   *
   * @param nodes leaves
   * @param replicas of each shard
   * @param others coordinators besides the one that queries come to
   * @param fanIn 0: flat
   */
  record Size(int nodes, int shards, int replicas, int others, int fanIn) {
    static Size flat(int nodes, int shards, int replicas) {
      return new Size(nodes, shards, replicas, 0, 0);
    }
  }

  /**
   * Builds the cluster; each shard is on so many nodes at random.
   *
   * @param policy gets the cluster, so that an oracle may look into it
   */
  SimulatedCluster(long seed, Size size, ReplicaPolicy policy, HedgingPolicies hedging) {
    this(seed, size, policy, hedging, ScatterConfig.defaults().barInterval());
  }

  /**
   * @param barInterval of bars; zero: none are told
   */
  SimulatedCluster(
      long seed, Size size, ReplicaPolicy policy, HedgingPolicies hedging, Duration barInterval) {
    this.barInterval = barInterval;
    this.random = new Random(seed);
    for (int i = 0; i < size.nodes; i++) {
      var leaf = new SimulatedLeaf(this, "leaf-" + i);
      leaves.put(leaf.record.node(), leaf);
    }
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < size.shards; shard++) {
      var names = new ArrayList<>(leaves.keySet());
      Collections.shuffle(names, random);
      placements.add(
          new ShardPlacement(shard, 7, "i" + shard, List.copyOf(names.subList(0, size.replicas))));
    }
    place(placements);
    this.shared = shared("root", size.fanIn, policy, hedging);
    this.planner = shared.planner();
    for (int i = 0; i < size.others; i++) {
      var name = "mid-" + i;
      coordinators.put(name, new SimulatedCoordinator(this, name, policy, hedging));
    }
  }

  /** What a coordinator has of its own. */
  SharedState shared(String name, int fanIn, ReplicaPolicy policy, HedgingPolicies hedging) {
    var known = name.equals("root") ? table : new ReplicaTable(ticker);
    return new SharedStateBuilder(known, channels, ticker)
        .planner(new Planner(new ReplicaChoice(known, policy, () -> random, ticker)))
        .epochs(new StatisticsEpochs("simulation-" + name, Duration.ofSeconds(1), ticker))
        .tree(new Tree(name, fanIn, () -> random, ticker))
        .hedging(hedging.make(ticker))
        .ledger(SharedStateBuilder.ledger(this::settle))
        .config(Fixtures.withBars(barInterval))
        .build();
  }

  /** Each coordinator's budget of repairs. */
  List<ExtraBudget> repairs() {
    List<ExtraBudget> all = new ArrayList<>(List.of(shared.repairs()));
    coordinators.values().forEach(coordinator -> all.add(coordinator.repairs()));
    return all;
  }

  private CompletableFuture<Map<Ref, Bill>> settle(String address, List<Ref> calls) {
    String node = address.substring(0, address.indexOf(':'));
    Map<Ref, Bill> bills = new HashMap<>();
    for (var call : calls) {
      var coordinator = coordinators.get(node);
      (coordinator == null ? leaf(node).settle(call) : coordinator.settle(call))
          .ifPresent(bill -> bills.put(call, bill));
    }
    return CompletableFuture.completedFuture(bills);
  }

  /** Everyone asks for what calls cost that they gave up. */
  void settle() {
    shared.ledger().settle();
    coordinators.values().forEach(coordinator -> coordinator.ledger().settle());
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

  /** The node of that name. */
  Optional<NodeRecord> living(String name) {
    var coordinator = coordinators.get(name);
    return Optional.of(coordinator == null ? leaf(name).record : coordinator.record);
  }

  /** A replica besides others. */
  Optional<NodeRecord> another(int shard, Collection<String> asked) {
    return planner.another(routes, Reading.ANY, shard, asked);
  }

  /**
   * An instance of the function.
   *
   * @param hits that are asked for
   */
  ScatterRun run(int hits) {
    return engine.scatter(new FunctionRef("default", function, Optional.empty()), request(hits));
  }

  long now() {
    return ticker.nanoTime() - startNanos;
  }

  /** A moment of the clock. */
  long since(long nanos) {
    return nanos - startNanos;
  }

  /** Brings a call to its node, and the reply back. */
  Runnable deliver(Sent sent) {
    check(sent.call().figures());
    Consumer<LeafReply> back = reply -> after(WAY.toNanos(), () -> sent.reply().accept(reply));
    var coordinator = coordinators.get(sent.call().leaf().node());
    if (coordinator != null) {
      var there =
          new Sent(sent.call(), sent.ref(), sent.template(), sent.term(), sent.from(), back);
      after(WAY.toNanos(), () -> coordinator.take(there));
      return () -> after(WAY.toNanos(), () -> coordinator.drop(there));
    }
    var work = new SimulatedLeaf.Work(sent.call(), sent.ref(), sent.hits(), sent.term(), back);
    var leaf = leaf(sent.call().leaf().node());
    after(WAY.toNanos(), () -> leaf.take(work));
    return () -> {
      work.cancelled = true;
      after(WAY.toNanos(), () -> leaf.drop(work));
    };
  }

  /** Bars that were told to calls under way, to those that are parts, and to coordinators above. */
  int told;

  int toldParts;
  int toldAbove;

  /** Answers of leaves that left out what lies below a bar, if anything did. */
  int heeding;

  /** Whether bars come late, more than once, or in another order. */
  boolean astray;

  /** One in so many is followed by one that nobody found; 0: none. */
  int forged;

  /** Tells a call what others found; nine in ten arrive. */
  void tell(String node, Ref call, Bound bar) {
    told++;
    var coordinator = coordinators.get(node);
    toldParts += coordinator == null ? 0 : 1;
    onTheWay(
        bar,
        arrived -> {
          if (coordinator == null) {
            leaf(node).raise(call, arrived);
          } else {
            coordinator.raise(call, arrived);
          }
        });
  }

  /** Brings a bar to whom it is for. */
  void onTheWay(Bound bar, Consumer<Bound> heard) {
    int times = astray ? random.nextInt(4) : random.nextInt(10) > 0 ? 1 : 0;
    for (int i = 0; i < times; i++) {
      long late = astray ? random.nextLong(Duration.ofMillis(2).toNanos()) : 0;
      after(WAY.toNanos() + late, () -> heard.accept(bar));
    }
    if (forged > 0 && random.nextInt(forged) == 0) {
      var more = random.nextBoolean() ? Double.POSITIVE_INFINITY : bar.least() + 1;
      after(WAY.toNanos(), () -> heard.accept(new Bound(more)));
    }
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
  record Answered(
      String queryId,
      @Nullable Object found,
      boolean cut,
      Coverage coverage,
      Bill bill,
      long tookNanos,
      List<Attempt> calls) {
    String result() {
      return String.valueOf(found);
    }

    int attempts() {
      return calls.size();
    }
  }

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

  /** What queries ask. */
  ScatterRequest request = Fixtures.REQUEST;

  /** The same for so many hits. */
  ScatterRequest request(int hits) {
    return Fixtures.withHits(request, hits);
  }

  /** What a leaf finds in some of its shards. */
  interface Finding {
    /**
     * @param hits that are asked for
     * @param bar that is heeded
     */
    byte[] partial(List<Integer> shards, int hits, Bound bar);
  }

  Finding finding =
      (shards, hits, bar) ->
          SumFunction.encoded(
              shards.stream().map(shard -> "s" + shard).collect(Collectors.joining("+")));

  /** How likely a trimmed query needs no repair. */
  double topKProbability = ScatterConfig.defaults().topKProbability();

  /**
   * What the calls of a query have in common.
   *
   * @param hits that they are asked for
   */
  Template template(String queryId, int hits) {
    return LeafGrpcClient.template(
        queryId,
        "default",
        dataset.id(),
        new FunctionRef("default", function, Optional.empty()),
        1,
        request(hits));
  }

  private int queries;

  private final class Query extends SimulatedCourse {
    private final ScatterRun run = SimulatedCluster.this.run(request.k());
    private final long began = now();
    private final Consumer<Answered> answered;
    private final Gather gather;
    private final QueryCourse course;
    private final boolean inTree;

    Query(Duration deadline, Consumer<Answered> answered) {
      super(SimulatedCluster.this, template("q" + queries++, request.k()), term());
      this.answered = answered;
      var whole = planner.plan(routes, Reading.ANY);
      var flat = run.commutative() ? whole : whole.byShard();
      var plan =
          shared
              .tree()
              .grow(
                  flat,
                  coordinators.values().stream().map(coordinator -> coordinator.record).toList());
      levels = plan.levels();
      inTree = plan.levels() > 1;
      firstExecutions += plan.leaves().stream().mapToInt(leaf -> leaf.shards().size()).sum();
      this.gather = new Gather(run, plan, shared.known());
      var tries =
          new ShardTries(
              dataset,
              Reading.ANY,
              SimulatedCluster.this::another,
              Duration.ofMillis(200),
              run.commutative());
      this.course =
          new QueryCourse(
              shared,
              plan,
              gather,
              tries,
              shared.terms(
                  dataset.id(),
                  "sum",
                  Reading.ANY,
                  Budget.ANY,
                  plan.levels(),
                  Trim.of(run, request.k(), plan, shared, topKProbability),
                  hears(),
                  ticker.nanoTime() + deadline.toNanos()),
              this);
    }

    @Override
    QueryCourse course() {
      return course;
    }

    @Override
    boolean hears() {
      return inTree;
    }

    @Override
    void ended() {
      var coverage = gather.coverage("deadline");
      boolean cut = gather.cut();
      var found = run.finish(gather.merged(), coverage);
      run.close();
      shared.ledger().ended(template.queryId(), Bill.NONE, course.attempts());
      answered.accept(
          new Answered(
              template.queryId(),
              found,
              cut,
              coverage,
              gather.bill().plus(Bill.open(course.unsettled())),
              now() - began,
              course.attempts()));
    }

    @Override
    void failed(HeddleException cause) {
      throw cause;
    }
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

  /** How long a coordinator's answer for a part hangs, in nanoseconds. */
  interface PartStall {
    long nanos(SimulatedCoordinator coordinator);
  }

  PartStall partStall = coordinator -> 0;

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
