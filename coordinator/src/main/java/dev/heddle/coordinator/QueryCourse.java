package dev.heddle.coordinator;

import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.Shards.Held;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.gather.MergeFailedException;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The course of one query between its plan and its answer: a state machine that neither waits nor
 * has threads. What happens is told to it ({@link #begin}, {@link #reply}, {@link #tick}); what it
 * wants it does through {@link Door}; it reads the time from a ticker and says when it wants to be
 * woken. So the same code runs over a network and in a simulation.
 *
 * <p>One call goes to each leaf, or to each coordinator that is handed a part of the plan. Shards
 * whose call is late are asked for at other replicas, too, within the budget; those that a replica
 * could not serve are asked for elsewhere; leaves that lack figures of the statistics epoch are
 * asked again with them, here or by whoever handed this part out. Whatever is asked twice, {@link
 * Shards} sees to it that one side counts. At the soft deadline the answer is what there is.
 *
 * <p>Owned by the query's thread.
 */
final class QueryCourse {
  /** What a course does to the world. */
  interface Door {
    /**
     * Makes a call; its reply comes later, never before this returns.
     *
     * @return cancels it
     */
    Runnable send(LeafCall call, Attempt attempt);

    /** The answer grew, and there is more to come. */
    void improved();

    /** Tells a call that is under way what others found. */
    void tell(Attempt attempt, Bound bar);

    /** Whether someone handed this out who wants to hear what is found. */
    default boolean hasCaller() {
      return false;
    }

    default void tellCaller(Bound bar) {}
  }

  private final SharedState shared;
  private final Plan plan;
  private final Gather gather;
  private final ShardTries tries;
  private final Door door;
  private final Ticker ticker;
  private final long softDeadlineNanos;
  private final StatisticsRounds rounds;
  private final Sightings sightings;
  private final CourseCalls calls;
  private final Reissues reissues;
  private final TrimRepair trims;
  private final Bars bars;

  /** Whether shards that the plan left out are not asked. */
  private boolean skipping;

  QueryCourse(
      SharedState shared,
      Plan plan,
      Gather gather,
      ShardTries tries,
      CourseTerms terms,
      Door door) {
    this(
        shared,
        plan,
        gather,
        tries,
        terms,
        new StatisticsRounds(shared.epochs(), plan.dataset().id(), plan.dataset().shards().size()),
        door);
  }

  /** With the figures of someone else's query where {@code rounds} hands them up. */
  QueryCourse(
      SharedState shared,
      Plan plan,
      Gather gather,
      ShardTries tries,
      CourseTerms terms,
      StatisticsRounds rounds,
      Door door) {
    this.shared = shared;
    this.plan = plan;
    this.gather = gather;
    this.tries = tries;
    this.door = door;
    this.ticker = shared.ticker();
    this.softDeadlineNanos = terms.softDeadlineNanos();
    this.rounds = rounds;
    this.sightings = new Sightings(shared, plan.dataset());
    this.calls = new CourseCalls(shared, terms, rounds, gather, tries, door);
    this.reissues = new Reissues(shared, gather, tries, calls, rounds);
    long now = ticker.nanoTime();
    this.trims = new TrimRepair(shared, gather, calls, rounds, now + (softDeadlineNanos - now) / 2);
    this.bars = new Bars(shared, gather, calls, door);
    this.skipping = !plan.skipped().isEmpty();
    if (terms.trim().active() || (terms.hears() && bars.active())) {
      gather.keepAtoms();
    }
  }

  /**
   * What it takes of the heap, in bytes.
   *
   * @param request of a call, besides what any call takes
   */
  long held(long request) {
    return calls.held(HeldBytes.CALL + request) + gather.held();
  }

  void begin() {
    var figures = rounds.known();
    plan.leaves().forEach(leaf -> calls.first(leaf, Kind.FIRST, figures));
    sightings.skipped(plan.skipped(), rounds.epoch());
  }

  /** Figures are those of all shards: also of those in which nothing can match. */
  private void skipNone() {
    if (skipping) {
      skipping = false;
      tries
          .leftOut(plan.skipped())
          .forEach(leaf -> calls.first(leaf, Kind.FIRST, Optional.empty()));
    }
  }

  /** Whether nothing is to come any more. */
  boolean done() {
    if (softDeadlineNanos - ticker.nanoTime() <= 0) {
      return true;
    }
    return rounds.waiting() ? rounds.handsUp() && enoughTold() : !calls.underWay();
  }

  /** Whether those that wait for figures need not wait for others to tell theirs. */
  private boolean enoughTold() {
    return everyoneTold() || graceEndNanos() - ticker.nanoTime() <= 0;
  }

  /** When {@link #tick} is due. */
  long wakeNanos() {
    long wake = softDeadlineNanos;
    if (rounds.waiting()) {
      wake = TrimRepair.earlier(wake, everyoneTold() ? ticker.nanoTime() : graceEndNanos());
    }
    for (var shards : calls.all()) {
      if (shards.mayHedge()) {
        wake = TrimRepair.earlier(wake, shards.hedgeAtNanos);
      }
    }
    return bars.wakeNanos(trims.wakeNanos(ticker.nanoTime(), wake));
  }

  private long graceEndNanos() {
    return rounds.graceEndNanos(shared.config().statisticsGrace().toNanos(), softDeadlineNanos);
  }

  /** Whether those that may still tell figures have told them. */
  private boolean everyoneTold() {
    return calls.all().stream().noneMatch(one -> one.underWay() && !rounds.waiting(one));
  }

  /** Does what is due by now. */
  void tick() {
    long now = ticker.nanoTime();
    if (softDeadlineNanos - now <= 0) {
      return;
    }
    if (rounds.waiting() && enoughTold()) {
      if (rounds.handsUp()) {
        return;
      }
      askAgain();
    }
    var all = calls.all();
    for (int i = 0; i < all.size(); i++) {
      var shards = all.get(i);
      if (shards.mayHedge() && shards.hedgeAtNanos - now <= 0) {
        reissues.hedge(shards, now);
      }
    }
    trims.askAgain(now);
    bars.tell(now);
  }

  /** Others of the query's tree found so much. */
  void raise(Bound others, boolean fromAbove) {
    bars.heard(others, fromAbove, ticker.nanoTime());
  }

  void reply(Attempt attempt, LeafReply reply) {
    if (!attempt.underWay()) {
      late(attempt, reply);
      return;
    }
    long now = ticker.nanoTime();
    calls.ended(attempt, now);
    switch (reply) {
      case LeafReply.Answer answer -> answered(attempt, answer, now);
      case LeafReply.NeedsFigures needs -> lacksFigures(attempt, needs, now);
      case LeafReply.Failure failure -> failed(attempt, failure.cause(), now);
    }
    trims.askAgain(now);
  }

  /** Of a call that was given up already: it counts for nothing, but what it cost is known now. */
  private void late(Attempt attempt, LeafReply reply) {
    if (!attempt.settled && reply instanceof LeafReply.Answer answer) {
      attempt.settled = true;
      attempt.open = answer.bill().open();
      gather.spend(answer.bill());
    }
  }

  private void answered(Attempt attempt, LeafReply.Answer answer, long now) {
    attempt.end = End.ANSWERED;
    attempt.settled = true;
    attempt.queueMicros = answer.queueMicros();
    attempt.activeMicros = answer.activeMicros();
    attempt.bytes = answer.bytes();
    attempt.reports = answer.reports();
    attempt.open = answer.bill().open();
    attempt.calls = answer.calls();
    for (var atom : answer.atoms()) {
      attempt.heeds = attempt.heeds.raised(atom.bar());
    }
    long took = now - attempt.sentNanos;
    attempt.use.answered(took - answer.activeMicros() * 1_000, now);
    if (attempt.kind == Kind.FIRST) {
      calls.paced(attempt, took);
    }
    gather.spend(answer.bill());
    sightings.observe(answer.reports(), rounds.epoch(), now);
    ShardFailure.refuseWrong(answer.failures());
    boolean grew = attempt.byShard ? brought(attempt, answer) : whole(attempt, answer);
    if (grew) {
      bars.grew(now);
    }
    gather.spend(Spending.here(ticker.nanoTime() - now, shared.config().memory()));
    if (grew) {
      improved();
    }
  }

  private void improved() {
    if (calls.underWay() || rounds.waiting()) {
      door.improved();
    }
  }

  /** The first call's answer: what hedges brought of its shards is needed no more. */
  private boolean whole(Attempt attempt, LeafReply.Answer answer) {
    var shards = attempt.shards;
    boolean grew = false;
    for (var atom : answer.atoms()) {
      grew |= !calls.misled(attempt, atom) && take(attempt, atom, answer.about(atom));
    }
    trims.misled(attempt, answer.atoms());
    var again = answer.rest().map(rest -> toAskAgain(attempt, rest)).orElse(List.of());
    shards.open = !again.isEmpty();
    if (!shards.open) {
      grew |= release(shards);
    }
    var untold = reissues.untold(attempt, answer);
    var failures = with(answer.failures(), untold);
    failures.forEach(this::note);
    settle(shards);
    // A coordinator has asked others for what failed; what it says nothing of, it has not.
    reissues.elsewhere(attempt, attempt.leaf.handed() ? untold : failures);
    if (shards.open) {
      partLacksFigures(attempt, answer.rest().orElseThrow(), again);
    }
    return grew;
  }

  private List<ShardRef> toAskAgain(Attempt attempt, LeafReply.Rest rest) {
    var asked = Set.copyOf(attempt.leaf.shards());
    return rest.shards().stream()
        .filter(ref -> asked.contains(ref) && !gather.covered(ref.shard()))
        .toList();
  }

  /** A coordinator got a part of its part; for the rest it is asked again, with figures. */
  private void partLacksFigures(Attempt attempt, LeafReply.Rest rest, List<ShardRef> shards) {
    long now = ticker.nanoTime();
    sightings.observe(rest.reports(), rounds.epoch(), now);
    skipNone();
    dropHedges(attempt.shards, now);
    var needs =
        new LeafReply.NeedsFigures(
            rest.fields(), rest.local(), rest.reports(), List.of(), Bill.NONE);
    rounds.hold(
        new StatisticsRounds.Held(attempt, attempt.leaf.only(shards), needs, !rest.untold()), now);
  }

  /** The node that was asked first is there, and quick: hedges would tell the same figures. */
  private void dropHedges(Shards shards, long now) {
    rounds.dropHedges(shards);
    for (var hedge : shards.hedges) {
      if (hedge.underWay()) {
        calls.giveUp(hedge, End.OUTRUN, now);
      }
    }
  }

  /** A hedge's answer: held until it is certain that the first call's will not be taken. */
  private boolean brought(Attempt attempt, LeafReply.Answer answer) {
    var shards = attempt.shards;
    for (var atom : answer.atoms()) {
      int shard = atom.covers().getFirst().shard();
      if (!gather.covered(shard) && !calls.misled(attempt, atom)) {
        var reports = answer.reports().stream().filter(r -> r.shard() == shard).toList();
        shards.hold(shard, new Held(attempt, atom, reports));
      }
    }
    boolean grew = false;
    if (!shards.open || shards.complete(gather::covered)) {
      shards.open = false;
      grew = release(shards);
      settle(shards);
    }
    var failures = with(answer.failures(), reissues.untold(attempt, answer));
    if (!shards.open) {
      failures.forEach(this::note);
    }
    reissues.elsewhere(attempt, failures);
    return grew;
  }

  private static List<ShardFailure> with(List<ShardFailure> some, List<ShardFailure> more) {
    return more.isEmpty() ? some : Stream.concat(some.stream(), more.stream()).toList();
  }

  /** Takes what is held. */
  private boolean release(Shards shards) {
    boolean grew = false;
    for (var held : shards.held.values()) {
      if (!gather.covered(held.atom().covers().getFirst().shard())) {
        grew |= take(held.from(), held.atom(), held.reports());
      }
    }
    shards.held = Map.of();
    return grew;
  }

  /** Gives up the calls that can bring nothing any more. */
  private void settle(Shards shards) {
    boolean over = true;
    for (var ref : shards.refs) {
      over &= gather.covered(ref.shard());
    }
    if (over) {
      rounds.drop(shards);
    }
    long now = ticker.nanoTime();
    if (over && shards.first.underWay()) {
      calls.giveUp(shards.first, End.OUTRUN, now);
    }
    for (var hedge : shards.hedges) {
      if (hedge.underWay()
          && hedge.leaf.shards().stream().allMatch(ref -> gather.covered(ref.shard()))) {
        calls.giveUp(hedge, End.OUTRUN, now);
      }
    }
  }

  private boolean take(Attempt attempt, LeafReply.Atom atom, List<ShardReport> reports) {
    try {
      for (var ref : atom.covers()) {
        if (calls.outdated(attempt, ref.shard())) {
          gather.shelve(atom, reports, attempt.hits);
          return false;
        }
      }
      boolean grew = gather.accept(atom, reports, attempt.hits);
      if (grew) {
        trims.took(attempt, atom);
      }
      return grew;
    } catch (MergeFailedException e) {
      throw e.failure();
    } catch (HeddleException e) {
      // It is no partial of this function.
      ShardFailure.of(attempt.leaf.node(), atom.covers(), e).forEach(this::note);
      return false;
    }
  }

  private void lacksFigures(Attempt attempt, LeafReply.NeedsFigures needs, long now) {
    attempt.end = End.FIGURES;
    attempt.settled = true;
    attempt.activeMicros = needs.bill().activeNanos() / 1_000;
    attempt.use.answered(now - attempt.sentNanos - needs.bill().activeNanos(), now);
    attempt.error = "asked for statistics";
    sightings.observe(needs.reports(), rounds.epoch(), now);
    gather.spend(needs.bill());
    ShardFailure.refuseWrong(needs.failures());
    skipNone();
    var shards = attempt.shards;
    if (!attempt.byShard) {
      dropHedges(shards, now);
    }
    if (!attempt.byShard || !shards.open) {
      needs.failures().forEach(this::note);
    }
    var moved = reissues.elsewhere(attempt, needs.failures());
    var rest = attempt.leaf.shards().stream().filter(shard -> !moved.contains(shard)).toList();
    if (rest.isEmpty()) {
      shards.open &= attempt.byShard;
      return;
    }
    boolean everything =
        needs.failures().stream().allMatch(failure -> moved.contains(failure.shard()));
    var leaf = new LeafAssignment(attempt.leaf.node(), attempt.leaf.address(), rest);
    rounds.hold(new StatisticsRounds.Held(attempt, leaf, needs, everything), now);
  }

  private void askAgain() {
    if (!rounds.mayGoOn()) {
      var cause = rounds.tooMany();
      for (var held : rounds.take()) {
        held.attempt().shards.open = false;
        ShardFailure.of(held.leaf().node(), held.leaf().shards(), cause).forEach(this::note);
      }
      return;
    }
    var again = rounds.next();
    var figures = Optional.of(rounds.told());
    for (var held : again) {
      var shards = held.attempt().shards;
      if (held.attempt().byShard) {
        shards.hedged(calls.send(shards, held.leaf(), Kind.HEDGE, figures));
      } else {
        shards.refs = held.leaf().shards();
        shards.first = calls.send(shards, held.leaf(), Kind.FIGURES, figures);
        shards.hedgeAtNanos = shards.first.sentNanos + shards.delayNanos;
      }
    }
  }

  /** A wrong request fails the whole query; anything else only this leaf's shards. */
  private void failed(Attempt attempt, HeddleException cause, long now) {
    attempt.end = End.FAILED;
    attempt.error = cause.code() + ": " + cause.getMessage();
    boolean handed = attempt.leaf.handed();
    attempt.settled = !handed && cause.code().kind() != ErrorCode.Kind.INTERNAL;
    if (cause.code().kind() == ErrorCode.Kind.USER
        || (handed && cause.code() == ErrorCode.FUNCTION_MERGE_FAILED)) {
      // A merge that fails below fails the query as it would here.
      throw cause;
    }
    calls.failed(attempt, cause.code(), now);
    var shards = attempt.shards;
    var failures = ShardFailure.of(attempt.leaf.node(), attempt.leaf.shards(), cause);
    boolean grew = false;
    if (!attempt.byShard) {
      shards.open = false;
      failures.forEach(this::note);
      grew = release(shards);
      settle(shards);
    } else if (!shards.open) {
      failures.forEach(this::note);
    }
    reissues.elsewhere(attempt, failures);
    if (grew) {
      // By now it is known what is still to come.
      improved();
    }
  }

  private void note(ShardFailure failure) {
    gather.fail(failure.shard(), failure.code(), failure.reason(), failure.message());
  }

  /** Ends the course: what hedges brought is taken, and whatever is under way is given up. */
  void end() {
    for (var shards : calls.all()) {
      release(shards);
    }
    if (rounds.waiting() && rounds.handsUp()) {
      // What is under way is neither late nor lost: it will be asked for again, with figures.
      trims.leaveOut();
      calls.attempts().stream().filter(Attempt::underWay).forEach(one -> reopen(one.leaf));
      rounds.waitingLeaves().forEach(this::reopen);
      abandon();
      return;
    }
    gather.restore();
    long now = ticker.nanoTime();
    for (var attempt : calls.attempts()) {
      if (attempt.underWay()) {
        long millis = (now - attempt.sentNanos) / 1_000_000;
        String message = attempt.name() + ": no answer within " + millis + " ms";
        attempt.leaf.shards().forEach(ref -> gather.late(ref, message));
      }
    }
    abandon();
  }

  private void reopen(LeafAssignment leaf) {
    leaf.shards().forEach(gather::reopen);
  }

  /** Gives up whatever is under way. A second call does nothing. */
  void abandon() {
    calls.abandon();
  }

  /** Of a part, which has ended: what is to be asked for again, with figures. */
  Optional<LeafReply.Rest> rest() {
    return rounds.rest(gather.open());
  }

  /** Calls whose cost is not known: {@code node/attempt}. */
  List<String> unsettled() {
    return calls.unsettled();
  }

  List<Attempt> attempts() {
    return calls.attempts();
  }

  StatisticsEpoch epoch() {
    return rounds.epoch();
  }

  /** Whether scores rest on figures that some shard did not contribute to. */
  boolean partialStatistics() {
    return rounds.partial();
  }

  int statisticsRounds() {
    return rounds.rounds();
  }

  /** How long the first call may take until it is late; 0: as long as it likes. */
  long hedgeAfterMicros() {
    return calls.hedgeAfterMicros();
  }

  /** Shards that were not asked. */
  List<Plan.Skipped> skipped() {
    return skipping ? plan.skipped() : List.of();
  }

  /** Shards asked for at further replicas because calls were late. */
  int hedged() {
    return reissues.hedged();
  }

  /** Shards that would have been asked of further replicas, had there been budget for it. */
  int denied() {
    return reissues.denied();
  }
}
