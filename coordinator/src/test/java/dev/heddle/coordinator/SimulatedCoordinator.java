package dev.heddle.coordinator;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.SimulatedCourse.Sent;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.Part;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A coordinator that is handed parts of plans, in the time of a cluster's clock. */
final class SimulatedCoordinator {
  private final SimulatedCluster cluster;
  final NodeRecord record;
  private final SharedState shared;
  private PartAccounts accounts = new PartAccounts();
  private final Map<Ref, Running> running = new HashMap<>();
  boolean alive = true;

  /** Refuses parts. */
  boolean full;

  /** Answers for parts, and tells of none of their shards. */
  boolean ignorant;

  /** Takes parts, and does nothing. */
  boolean mute;

  int asked;

  SimulatedCoordinator(
      SimulatedCluster cluster,
      String name,
      ReplicaPolicy policy,
      SimulatedCluster.HedgingPolicies hedging) {
    this.cluster = cluster;
    this.record = new NodeRecord(name, "run-1", Set.of("coordinator"), name + ":1", "", "", "");
    this.shared = cluster.shared(name, 0, policy, hedging);
  }

  ExtraBudget repairs() {
    return shared.repairs();
  }

  Ledger ledger() {
    return shared.ledger();
  }

  int outstanding() {
    return running.size();
  }

  void take(Sent sent) {
    asked++;
    if (!alive) {
      sent.reply().accept(dead());
      return;
    }
    if (full) {
      var _ = accounts.ended(sent.ref(), Bill.NONE, 0);
      sent.reply()
          .accept(
              new LeafReply.Failure(
                  new HeddleException(ErrorCode.OVERLOADED, record.node() + " is full")));
      return;
    }
    if (ignorant) {
      sent.reply()
          .accept(new LeafReply.Answer(List.of(), List.of(), List.of(), Bill.NONE, 0, 0, 10));
      return;
    }
    if (!mute) {
      var part = new Running(sent);
      running.put(sent.ref(), part);
      part.begin();
    }
  }

  void drop(Sent sent) {
    var part = running.remove(sent.ref());
    if (part != null) {
      part.stop();
    }
  }

  /** Others found so much. */
  void raise(Ref call, Bound bar) {
    var part = running.get(call);
    if (part != null) {
      part.raised(bar, true);
    }
  }

  /** All that is under way here fails, and what calls cost is forgotten. */
  void kill() {
    alive = false;
    accounts = new PartAccounts();
    for (var part : new ArrayList<>(running.values())) {
      part.stop();
      part.sent.reply().accept(dead());
    }
    running.clear();
  }

  private LeafReply dead() {
    return new LeafReply.Failure(
        new HeddleException(ErrorCode.UNAVAILABLE, record.node() + " is gone"));
  }

  Optional<Bill> settle(Ref call) {
    return alive ? accounts.find(call) : Optional.empty();
  }

  private static List<Part.Piece> pieces(List<LeafAssignment> parts) {
    return parts.stream()
        .map(part ->
            new Part.Piece(
                part.node(), part.handed() ? List.of() : part.shards(), pieces(part.parts())))
        .toList();
  }

  /** A part under way. */
  private final class Running extends SimulatedCourse {
    private final Sent sent;
    private final ScatterRun run;
    private final PartRun part;

    Running(Sent sent) {
      super(
          SimulatedCoordinator.this.cluster,
          SimulatedCoordinator.this
              .cluster
              .template(sent.ref().queryId(), sent.hits())
              .within(Part.branch(sent.ref(), record.node())),
          sent.term());
      this.sent = sent;
      this.run = cluster.run(sent.hits());
      var call = sent.call();
      this.part =
          new PartRun(
              shared,
              new Part(
                  sent.ref(),
                  template,
                  "default",
                  cluster.dataset().id(),
                  pieces(call.leaf().parts()),
                  cluster.function,
                  "",
                  1,
                  cluster.request(sent.hits()),
                  dev.heddle.coordinator.plan.StatisticsEpoch.named(
                      call.epoch().owner(), call.epoch().number()),
                  call.figures(),
                  call.reading(),
                  call.budget(),
                  cluster.levels,
                  false,
                  call.whole(),
                  call.bar(),
                  hasCaller() ? "above" : ""),
              cluster.dataset(),
              cluster::living,
              cluster::another,
              run,
              accounts,
              call.timeoutNanos() - SimulatedCluster.WAY.toNanos(),
              this);
    }

    @Override
    QueryCourse course() {
      return part.course();
    }

    @Override
    public boolean hasCaller() {
      return sent.call().hits() == 0 && sent.from().hears();
    }

    @Override
    boolean hears() {
      return sent.call().leaf().parts().stream().anyMatch(LeafAssignment::handed);
    }

    @Override
    public void tellCaller(Bound bar) {
      cluster.toldAbove++;
      cluster.onTheWay(bar, arrived -> sent.from().raised(arrived, false));
    }

    @Override
    void ended() {
      finish(part.answer());
    }

    @Override
    void failed(HeddleException cause) {
      finish(new LeafReply.Failure(cause));
    }

    private void finish(LeafReply reply) {
      close();
      running.remove(sent.ref());
      long hangs = cluster.partStall.nanos(SimulatedCoordinator.this);
      cluster.after(hangs, () -> sent.reply().accept(alive ? reply : dead()));
    }

    /** Whoever handed it out wants it no more, or this coordinator is gone. */
    void stop() {
      if (!over) {
        over = true;
        close();
      }
    }

    private void close() {
      part.end();
      run.close();
    }
  }
}
