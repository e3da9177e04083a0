package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafReply.Answer;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.Rest;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.MadeCall;
import dev.heddle.coordinator.scatter.Part;
import dev.heddle.engine.Bill;
import dev.heddle.engine.MissingReason;
import dev.heddle.engine.ScatterRun;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A part of another coordinator's query: the leaves that it names are asked, or others where those
 * are late or lost, and what they answer is merged, as for a query that came here; what cannot be
 * had is named. It neither waits nor has threads: whoever owns it lets its {@link #course} run.
 */
final class PartRun {
  private final SharedState shared;
  private final Part part;
  private final ShardTries.Replicas replicas;
  private final PartAccounts accounts;
  private final Ticker ticker;
  private final long startNanos;
  private final Gather gather;
  private final QueryCourse course;

  /** Whether a call may be for several shards. */
  private final boolean together;

  /** Whether the query has spent more than was left to it. */
  private boolean overspent;

  /** Shards for which there is nobody to ask. */
  private final List<ShardFailure> unplaced = new ArrayList<>(0);

  /**
   * Plans the part.
   *
   * @param dataset of the part
   * @param living the node of that name, if it lives
   * @param replicas finds others than those that the part names
   * @param remainingNanos until the part is to be answered; a slice of it is kept for the merge
   * @param door makes the calls
   */
  PartRun(
      SharedState shared,
      Part part,
      DatasetRecord dataset,
      Function<String, Optional<NodeRecord>> living,
      ShardTries.Replicas replicas,
      ScatterRun run,
      PartAccounts accounts,
      long remainingNanos,
      QueryCourse.Door door) {
    this.shared = shared;
    this.part = part;
    this.replicas = replicas;
    this.accounts = accounts;
    this.ticker = shared.ticker();
    this.startNanos = ticker.nanoTime();
    this.together = run.commutative();
    var plan = new Plan(dataset, calls(part.pieces(), living), List.of());
    this.gather = new Gather(run, plan, shared.known());
    var tries =
        new ShardTries(
            dataset, part.reading(), replicas, shared.config().sessionPatience(), together);
    long slice = Math.min(shared.config().mergeSlice().toNanos(), remainingNanos / 10);
    var terms =
        shared.terms(
            dataset.id(),
            part.function(),
            part.reading(),
            part.budget(),
            part.levels(),
            part.whole()
                ? Trim.WHOLE
                : Trim.of(
                    run,
                    part.request().k(),
                    plan,
                    shared,
                    shared.config().scatter().topKProbability()),
            part.hears(),
            startNanos + remainingNanos - slice);
    var rounds = new StatisticsRounds(part.epoch(), part.figures());
    this.course = new QueryCourse(shared, plan, gather, tries, terms, rounds, door);
    course.raise(part.bar(), true);
  }

  /** The calls, to nodes as this coordinator knows them. Others take the places of who is gone. */
  private List<LeafAssignment> calls(
      List<Part.Piece> pieces, Function<String, Optional<NodeRecord>> living) {
    List<LeafAssignment> calls = new ArrayList<>(pieces.size());
    List<LeafAssignment> moved = new ArrayList<>(0);
    for (var piece : pieces) {
      var node = living.apply(piece.node());
      if (!piece.pieces().isEmpty()) {
        var parts = calls(piece.pieces(), living);
        if (parts.size() > 1 && node.filter(Tree::mayTakeParts).isPresent()) {
          calls.add(LeafAssignment.handing(piece.node(), node.get().internal(), parts));
        } else {
          calls.addAll(parts);
        }
      } else if (node.isPresent()) {
        calls.add(new LeafAssignment(piece.node(), node.get().internal(), piece.shards()));
      } else {
        piece.shards().forEach(ref -> elsewhere(ref, piece.node()).ifPresent(moved::add));
      }
    }
    return moved.isEmpty() ? calls : with(calls, moved);
  }

  /** With shards that others than planned are asked for: in the same call, where there is one. */
  private List<LeafAssignment> with(List<LeafAssignment> calls, List<LeafAssignment> moved) {
    List<LeafAssignment> all = new ArrayList<>(calls);
    if (!together) {
      all.addAll(moved);
      return all;
    }
    Map<String, LeafAssignment> byNode = new LinkedHashMap<>();
    moved.forEach(leaf -> byNode.merge(leaf.node(), leaf, LeafAssignment::with));
    all.replaceAll(call -> {
      var more = call.handed() ? null : byNode.remove(call.node());
      return more == null ? call : call.with(more);
    });
    all.addAll(byNode.values());
    return all;
  }

  private Optional<LeafAssignment> elsewhere(ShardRef ref, String gone) {
    var other = replicas.another(ref.shard(), Set.of(gone));
    if (other.isEmpty()) {
      unplaced.add(
          new ShardFailure(
              ref,
              ErrorCode.NOT_OWNER,
              MissingReason.NO_REPLICA,
              gone + " is gone, and there is no other"));
    }
    return other.map(node -> new LeafAssignment(node.node(), node.internal(), List.of(ref)));
  }

  QueryCourse course() {
    return course;
  }

  /**
   * Refuses to go on where too much was spent.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  void check() {
    try {
      Spending.check(part.budget(), gather.bill());
    } catch (HeddleException e) {
      overspent = true;
      throw e;
    }
  }

  /**
   * What came of it, however little, once the course has ended.
   *
   * @throws HeddleException where merging fails
   */
  Answer answer() {
    long before = ticker.nanoTime();
    var atoms = gather.atoms();
    long bytes = atoms.stream().mapToLong(atom -> atom.partial().length).sum();
    gather.spend(Spending.here(ticker.nanoTime() - before, shared.config().memory()));
    gather.spend(Spending.sent(bytes));
    List<ShardFailure> failures = new ArrayList<>(gather.gaps());
    failures.addAll(unplaced);
    return answer(atoms, failures, course.rest());
  }

  /**
   * What is answered where the course failed: a query that spent too much learns from the bill that
   * it is over, as a leaf would let it.
   *
   * @throws HeddleException the cause, if it is another one
   */
  Answer answer(HeddleException cause) {
    if (!overspent) {
      throw cause;
    }
    course.abandon();
    var reason = MissingReason.of(cause.code());
    var message = String.valueOf(cause.getMessage());
    return answer(
        List.of(),
        part.shards().stream()
            .map(ref -> new ShardFailure(ref, cause.code(), reason, message))
            .toList(),
        Optional.empty());
  }

  private Answer answer(List<Atom> atoms, List<ShardFailure> failures, Optional<Rest> rest) {
    return new Answer(
        atoms,
        failures,
        atoms.isEmpty() ? List.of() : List.copyOf(gather.reports()),
        gather.bill().plus(Bill.open(course.unsettled())),
        0,
        (ticker.nanoTime() - startNanos) / 1_000,
        0,
        rest,
        part.explain() ? calls() : List.of());
  }

  private List<MadeCall> calls() {
    List<MadeCall> calls = new ArrayList<>();
    for (var attempt : course.attempts()) {
      calls.add(attempt.made(startNanos, ""));
      attempt.below(startNanos).forEach(calls::add);
    }
    return calls;
  }

  /** Gives up what is under way, and lets what it costs be found out. */
  void end() {
    course.abandon();
    var attempts = course.attempts();
    var account =
        accounts.ended(part.call(), gather.bill().withoutOpen(), Ledger.toSettle(attempts));
    shared.ledger().ended(part.call().queryId(), part.template().branch(), attempts, account);
  }
}
