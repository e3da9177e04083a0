package dev.heddle.coordinator;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Figures.FieldFigures;
import dev.heddle.coordinator.plan.Figures.TermFigures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.Replica;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A leaf with two threads. */
final class SimulatedLeaf {
  private static final int DOCUMENTS = SimulatedCluster.DOCUMENTS;

  private final SimulatedCluster cluster;
  final NodeRecord record;
  final Set<Integer> holds = new HashSet<>();
  private final Deque<Work> queue = new ArrayDeque<>();
  private final List<Work> running = new ArrayList<>();
  private long serviceMicros;
  private final Set<String> known = new HashSet<>();
  boolean alive = true;

  /** Takes calls, and never answers. */
  boolean mute;

  /** Knows nothing of bars. */
  boolean old;

  int asked;

  SimulatedLeaf(SimulatedCluster cluster, String name) {
    this.cluster = cluster;
    this.record = new NodeRecord(name, "run-1", Set.of("leaf"), name + ":1", "", "", "");
  }

  /** What calls cost here. */
  private final Map<Ref, Bill> spent = new HashMap<>();

  private Bill spend(Work work, long nanos, int shards) {
    var bill = new Bill(nanos, 0, 0, 0, 0, 0, shards, 0, 0, 0, true, List.of(), 0, 0);
    spent.put(work.ref, bill);
    cluster.spent.merge(work.ref.queryId(), bill, Bill::plus);
    return bill;
  }

  /** As a leaf remembers it; empty: the call is under way. */
  Optional<Bill> settle(Ref call) {
    return Optional.ofNullable(spent.get(call));
  }

  /** Nanoseconds of work that wait or run here. */
  long backlog() {
    long sum = 0;
    for (var all : List.of(queue, running)) {
      for (var work : all) {
        for (var ref : work.call.leaf().shards()) {
          sum += cluster.service.nanos(this, ref.shard());
        }
      }
    }
    return sum;
  }

  void take(Work work) {
    asked++;
    if (!alive) {
      work.answer(dead());
      return;
    }
    if (work.cancelled || mute) {
      var _ = spend(work, 0, 0);
      return;
    }
    if (!old) {
      work.bar = work.call.bar();
    }
    work.arrived = cluster.now();
    queue.add(work);
    begin();
  }

  private void begin() {
    while (running.size() < 2 && !queue.isEmpty()) {
      var work = queue.remove();
      running.add(work);
      long began = cluster.now();
      work.began = began;
      long nanos = 0;
      for (var ref : work.call.leaf().shards()) {
        nanos += cluster.service.nanos(this, ref.shard());
      }
      long works = nanos;
      cluster.after(
          nanos,
          () -> {
            if (running.remove(work)) {
              begin();
              var answer = lacks(work) ? needs(work) : answer(work, began, works);
              long hangs = cluster.stall.nanos(this);
              if (hangs == 0) {
                work.answer(answer);
              } else {
                cluster.after(hangs, () -> work.answer(alive ? answer : dead()));
              }
            }
          });
    }
  }

  private boolean lacks(Work work) {
    if (work.term.isEmpty()) {
      return false;
    }
    var term = work.term.get();
    String name = work.call.epoch() + " " + term.term();
    if (work.call.figures().filter(told -> told.terms().containsKey(term)).isPresent()) {
      known.add(name);
    }
    return !known.contains(name);
  }

  private LeafReply needs(Work work) {
    List<ShardFailure> failures = new ArrayList<>();
    List<ShardReport> reports = new ArrayList<>();
    for (var ref : work.call.leaf().shards()) {
      if (holds.contains(ref.shard())) {
        reports.add(report(ref.shard()));
      } else {
        failures.add(new ShardFailure(ref, ErrorCode.NOT_OWNER, "no_replica", "moved"));
      }
    }
    var bill = spend(work, 0, 0);
    if (reports.isEmpty()) {
      return new LeafReply.Answer(List.of(), failures, List.of(), bill, 0, 0, 10);
    }
    var local =
        new Figures(
            reports.size(),
            Map.of("title", new FieldFigures(reports.size(), 1, 1)),
            Map.of(work.term.orElseThrow(), new TermFigures(reports.size(), reports.size())));
    return new LeafReply.NeedsFigures(true, local, reports, failures, bill);
  }

  void drop(Work work) {
    if (queue.remove(work)) {
      var _ = spend(work, 0, 0);
    }
    if (running.remove(work)) {
      var _ = spend(work, cluster.now() - work.began, 0);
      begin();
    }
  }

  /** Others found so much; a leaf that knows nothing of bars does nothing. */
  void raise(Ref call, Bound bar) {
    if (!old) {
      Stream.concat(queue.stream(), running.stream())
          .filter(work -> work.ref.equals(call))
          .forEach(work -> work.bar = work.bar.raised(bar));
    }
  }

  /** All that is under way here fails. */
  void kill() {
    alive = false;
    var lost = new ArrayList<>(queue);
    lost.addAll(running);
    queue.clear();
    running.clear();
    lost.forEach(work -> work.answer(dead()));
  }

  void revive() {
    alive = true;
  }

  private LeafReply dead() {
    return new LeafReply.Failure(
        new HeddleException(ErrorCode.UNAVAILABLE, record.node() + " is gone"));
  }

  private LeafReply answer(Work work, long began, long nanos) {
    var call = work.call;
    cluster.heeding += work.bar.equals(Bound.NONE) ? 0 : 1;
    List<Atom> atoms = new ArrayList<>();
    List<ShardFailure> failures = new ArrayList<>();
    List<ShardReport> reports = new ArrayList<>();
    List<ShardRef> covers = new ArrayList<>();
    int count = call.leaf().shards().size();
    serviceMicros =
        serviceMicros == 0
            ? nanos / count / 1_000
            : (serviceMicros * 9 + nanos / count / 1_000) / 10;
    for (var ref : call.leaf().shards()) {
      if (!holds.contains(ref.shard())) {
        failures.add(new ShardFailure(ref, ErrorCode.NOT_OWNER, "no_replica", "moved"));
        continue;
      }
      reports.add(report(ref.shard()));
      if (call.byShard()) {
        atoms.add(new Atom(List.of(ref), found(work, List.of(ref)), false, work.bar));
      } else {
        covers.add(ref);
      }
    }
    if (!covers.isEmpty()) {
      atoms.add(new Atom(covers, found(work, covers), false, work.bar));
    }
    return new LeafReply.Answer(
        atoms,
        failures,
        reports,
        spend(work, nanos, count),
        (began - work.arrived) / 1_000,
        nanos / 1_000,
        100);
  }

  private byte[] found(Work work, List<ShardRef> shards) {
    return cluster.finding.partial(
        shards.stream().map(ShardRef::shard).toList(), work.hits, work.bar);
  }

  private ShardReport report(int shard) {
    var state =
        new ReplicaState(
            record.node(),
            "i" + shard,
            ReplicaState.Role.FOLLOWER,
            true,
            "",
            "",
            1,
            1,
            1,
            0,
            DOCUMENTS,
            1,
            0,
            OptionalDouble.empty(),
            0);
    return new ShardReport(
        shard,
        DOCUMENTS,
        1,
        1,
        0,
        cluster.service.nanos(this, shard) / 1_000,
        1,
        new Position(shard, "i" + shard, 1),
        Optional.of(
            new Replica(
                cluster.dataset().id(), shard, state, queue.size(), Math.max(1, serviceMicros))),
        false,
        record.node());
  }

  /** A call at a leaf. */
  static final class Work {
    private final LeafCall call;
    private final Optional<TermKey> term;
    private final Consumer<LeafReply> reply;
    private final Ref ref;
    private final int hits;
    private long arrived;
    private long began;
    boolean cancelled;
    private boolean ended;
    private Bound bar = Bound.NONE;

    Work(LeafCall call, Ref ref, int hits, Optional<TermKey> term, Consumer<LeafReply> reply) {
      this.call = call;
      this.ref = ref;
      this.hits = hits;
      this.term = term;
      this.reply = reply;
    }

    void answer(LeafReply answer) {
      if (!ended) {
        ended = true;
        if (!cancelled) {
          reply.accept(answer);
        }
      }
    }
  }
}
