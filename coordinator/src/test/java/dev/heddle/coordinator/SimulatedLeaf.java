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
import dev.heddle.engine.Bill;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;

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

  int asked;

  SimulatedLeaf(SimulatedCluster cluster, String name) {
    this.cluster = cluster;
    this.record = new NodeRecord(name, "run-1", Set.of("leaf"), "127.0.0.1:1", "", "", "");
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
      return;
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
    if (reports.isEmpty()) {
      return new LeafReply.Answer(List.of(), failures, List.of(), Bill.NONE, 0, 0, 10);
    }
    var local =
        new Figures(
            reports.size(),
            Map.of("title", new FieldFigures(reports.size(), 1, 1)),
            Map.of(work.term.orElseThrow(), new TermFigures(reports.size(), reports.size())));
    return new LeafReply.NeedsFigures(true, local, reports, failures, Bill.NONE);
  }

  void drop(Work work) {
    queue.remove(work);
    if (running.remove(work)) {
      begin();
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
    List<Atom> atoms = new ArrayList<>();
    List<ShardFailure> failures = new ArrayList<>();
    List<ShardReport> reports = new ArrayList<>();
    List<ShardRef> covers = new ArrayList<>();
    var names = new StringBuilder();
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
        atoms.add(new Atom(List.of(ref), SumFunction.encoded("s" + ref.shard())));
      } else {
        covers.add(ref);
        names.append(names.isEmpty() ? "" : "+").append("s").append(ref.shard());
      }
    }
    if (!covers.isEmpty()) {
      atoms.add(new Atom(covers, SumFunction.encoded(names.toString())));
    }
    return new LeafReply.Answer(
        atoms,
        failures,
        reports,
        new Bill(nanos, 0, 0, 0, 0, 0, count, 0, 0, 0, true, List.of(), 0, 0),
        (began - work.arrived) / 1_000,
        nanos / 1_000,
        100);
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
        0,
        cluster.service.nanos(this, shard) / 1_000,
        1,
        new Position(shard, "i" + shard, 1),
        Optional.of(
            new Replica(
                cluster.dataset().id(), shard, state, queue.size(), Math.max(1, serviceMicros))),
        false);
  }

  /** A call at a leaf. */
  static final class Work {
    private final LeafCall call;
    private final Optional<TermKey> term;
    private final Consumer<LeafReply> reply;
    private long arrived;
    boolean cancelled;
    private boolean ended;

    Work(LeafCall call, Optional<TermKey> term, Consumer<LeafReply> reply) {
      this.call = call;
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
