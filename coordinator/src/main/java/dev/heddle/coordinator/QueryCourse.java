package dev.heddle.coordinator;

import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.Shards.Held;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The course of one query between its plan and its answer: a state machine that neither waits nor
 * has threads. What happens is told to it ({@link #begin}, {@link #reply}, {@link #tick}); what it
 * wants it does through {@link Door}; it reads the time from a ticker and says when it wants to be
 * woken. So the same code runs over a network and in a simulation.
 *
 * <p>One call goes to each leaf. Shards whose call is late are asked for at other replicas, too,
 * within the budget; those that a replica could not serve are asked for elsewhere; leaves that lack
 * figures of the statistics epoch are asked again with them. Whatever is asked twice, {@link
 * Shards} sees to it that one side counts. At the soft deadline the answer is what there is.
 *
 * <p>Owned by the query's thread.
 */
final class QueryCourse {
  private static final int MOST_DOUBLINGS = 6;

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
  }

  private final SharedState shared;
  private final Plan plan;
  private final Reading reading;
  private final Gather gather;
  private final ShardTries tries;
  private final HedgingPolicy.Calls pace;
  private final Door door;
  private final Ticker ticker;
  private final long softDeadlineNanos;
  private final StatisticsRounds rounds;
  private final Sightings sightings;
  private final List<Shards> all;
  private final List<Attempt> attempts;

  /** Calls by node, which numbers them. */
  private final Map<String, Integer> calls = new HashMap<>();

  /** Whether shards that the plan left out are not asked. */
  private boolean skipping;

  private int underWay;
  private int denied;
  private int hedged;

  QueryCourse(
      SharedState shared,
      Plan plan,
      Reading reading,
      Gather gather,
      ShardTries tries,
      HedgingPolicy.Calls pace,
      Door door,
      long softDeadlineNanos) {
    this.shared = shared;
    this.plan = plan;
    this.reading = reading;
    this.gather = gather;
    this.tries = tries;
    this.pace = pace;
    this.door = door;
    this.ticker = shared.ticker();
    this.softDeadlineNanos = softDeadlineNanos;
    this.rounds =
        new StatisticsRounds(shared.epochs(), plan.dataset().id(), plan.dataset().shards().size());
    this.sightings = new Sightings(shared, plan.dataset());
    this.skipping = !plan.skipped().isEmpty();
    this.all = new ArrayList<>(plan.leaves().size());
    this.attempts = new ArrayList<>(plan.leaves().size());
  }

  /** Sends the first calls. */
  void begin() {
    plan.leaves().forEach(leaf -> first(leaf, Kind.FIRST, Optional.empty()));
    sightings.skipped(plan.skipped(), rounds.epoch());
  }

  /** Figures are those of all shards: also of those in which nothing can match. */
  private void skipNone() {
    if (skipping) {
      skipping = false;
      gather.skipNone();
      tries.leftOut(plan.skipped()).forEach(leaf -> first(leaf, Kind.FIRST, Optional.empty()));
    }
  }

  /** Whether nothing is to come any more. */
  boolean done() {
    return (underWay == 0 && !rounds.waiting()) || softDeadlineNanos - ticker.nanoTime() <= 0;
  }

  /** When {@link #tick} is due. */
  long wakeNanos() {
    long wake = softDeadlineNanos;
    if (rounds.waiting()) {
      wake = earlier(wake, everyoneTold() ? ticker.nanoTime() : graceEndNanos());
    }
    for (var shards : all) {
      if (shards.mayHedge()) {
        wake = earlier(wake, shards.hedgeAtNanos);
      }
    }
    return wake;
  }

  private static long earlier(long one, long other) {
    return one - other <= 0 ? one : other;
  }

  private long graceEndNanos() {
    return rounds.graceEndNanos(shared.config().statisticsGrace().toNanos(), softDeadlineNanos);
  }

  /** Whether those that may still tell figures have told them. */
  private boolean everyoneTold() {
    for (var shards : all) {
      if (shards.underWay() && !rounds.waiting(shards)) {
        return false;
      }
    }
    return true;
  }

  /** Does what is due by now. */
  void tick() {
    long now = ticker.nanoTime();
    if (softDeadlineNanos - now <= 0) {
      return;
    }
    if (rounds.waiting() && (everyoneTold() || graceEndNanos() - now <= 0)) {
      askAgain();
    }
    for (int i = 0; i < all.size(); i++) {
      var shards = all.get(i);
      if (shards.mayHedge() && shards.hedgeAtNanos - now <= 0) {
        hedge(shards, now);
      }
    }
  }

  private void first(LeafAssignment leaf, Kind kind, Optional<Figures> figures) {
    var shards = new Shards(leaf.shards());
    all.add(shards);
    shards.first = send(shards, leaf, kind, figures);
    shards.delayNanos = pace.delayNanos(leaf.node(), leaf.shards().size());
    if (shards.delayNanos != HedgingPolicy.NEVER) {
      shards.hedgeAtNanos = shards.first.sentNanos + shards.delayNanos;
    }
    shared.hedges().earn(leaf.shards().size());
    shared.retries().earn(leaf.shards().size());
  }

  private Attempt send(Shards shards, LeafAssignment leaf, Kind kind, Optional<Figures> figures) {
    long now = ticker.nanoTime();
    long left = Math.max(1, softDeadlineNanos - now);
    boolean byShard = kind == Kind.HEDGE;
    var use = shared.table().use(leaf.node());
    var attempt =
        new Attempt(
            shards, leaf, calls.merge(leaf.node(), 1, Integer::sum), kind, byShard, use, now);
    attempts.add(attempt);
    underWay++;
    use.sent(leaf.shards().size());
    attempt.cancel =
        door.send(
            new LeafCall(
                leaf,
                attempt.number,
                rounds.epoch(),
                figures,
                left,
                reading,
                tries.patienceNanos(leaf, left),
                byShard,
                Spending.left(shared.config().scatter(), gather.bill())),
            attempt);
    return attempt;
  }

  /** A leaf replied, or its call failed. */
  void reply(Attempt attempt, LeafReply reply) {
    if (!attempt.underWay()) {
      late(attempt, reply);
      return;
    }
    long now = ticker.nanoTime();
    ended(attempt, now);
    switch (reply) {
      case LeafReply.Answer answer -> answered(attempt, answer, now);
      case LeafReply.NeedsFigures needs -> lacksFigures(attempt, needs, now);
      case LeafReply.Failure failure -> failed(attempt, failure.cause(), now);
    }
  }

  /** Of a call that was given up already: it counts for nothing, but what it cost is known now. */
  private void late(Attempt attempt, LeafReply reply) {
    if (!attempt.settled && reply instanceof LeafReply.Answer answer) {
      attempt.settled = true;
      gather.spend(answer.bill());
    }
  }

  private void ended(Attempt attempt, long now) {
    attempt.endNanos = now;
    attempt.use.ended(attempt.leaf.shards().size());
    underWay--;
  }

  private void giveUp(Attempt attempt, End why, long now) {
    ended(attempt, now);
    attempt.end = why;
    attempt.cancel.run();
    long took = now - attempt.sentNanos;
    if (attempt.kind == Kind.FIRST && why == End.OUTRUN) {
      attempt.use.outrun(now);
      pace.outrun(attempt.leaf.node(), attempt.leaf.shards().size(), took);
    } else if (attempt.kind == Kind.FIRST && attempt.shards.late > 0) {
      pace.outrun(attempt.leaf.node(), attempt.leaf.shards().size(), took);
    }
  }

  private void answered(Attempt attempt, LeafReply.Answer answer, long now) {
    attempt.end = End.ANSWERED;
    attempt.settled = true;
    attempt.queueMicros = answer.queueMicros();
    attempt.activeMicros = answer.activeMicros();
    attempt.bytes = answer.bytes();
    attempt.reports = answer.reports();
    long took = now - attempt.sentNanos;
    attempt.use.answered(took - answer.activeMicros() * 1_000, now);
    if (attempt.kind == Kind.FIRST) {
      pace.answered(attempt.leaf.node(), attempt.leaf.shards().size(), took);
      if (attempt.shards.late == 0) {
        shared.hedges().punctual(true);
      }
    }
    gather.spend(answer.bill());
    sightings.observe(attempt.leaf.node(), answer.reports(), rounds.epoch(), now);
    ShardFailure.refuseWrong(answer.failures());
    boolean grew = attempt.byShard ? brought(attempt, answer) : whole(attempt, answer);
    gather.spend(Spending.here(ticker.nanoTime() - now, shared.config().memory()));
    if (grew) {
      improved();
    }
  }

  private void improved() {
    if (underWay > 0 || rounds.waiting()) {
      door.improved();
    }
  }

  /** The first call's answer: what hedges brought of its shards is needed no more. */
  private boolean whole(Attempt attempt, LeafReply.Answer answer) {
    var shards = attempt.shards;
    shards.open = false;
    boolean grew = false;
    for (var atom : answer.atoms()) {
      grew |= take(attempt, atom, answer.reports());
    }
    grew |= release(shards);
    answer.failures().forEach(this::note);
    settle(shards);
    elsewhere(attempt, answer.failures());
    return grew;
  }

  /** A hedge's answer: held until it is certain that the first call's will not be taken. */
  private boolean brought(Attempt attempt, LeafReply.Answer answer) {
    var shards = attempt.shards;
    for (var atom : answer.atoms()) {
      int shard = atom.covers().getFirst().shard();
      if (!gather.covered(shard)) {
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
    if (!shards.open) {
      answer.failures().forEach(this::note);
    }
    elsewhere(attempt, answer.failures());
    return grew;
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
      giveUp(shards.first, End.OUTRUN, now);
    }
    for (var hedge : shards.hedges) {
      if (hedge.underWay()
          && hedge.leaf.shards().stream().allMatch(ref -> gather.covered(ref.shard()))) {
        giveUp(hedge, End.OUTRUN, now);
      }
    }
  }

  private boolean take(Attempt attempt, LeafReply.Atom atom, List<ShardReport> reports) {
    try {
      return gather.accept(atom, reports);
    } catch (Gather.MergeFailedException e) {
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
    sightings.observe(attempt.leaf.node(), needs.reports(), rounds.epoch(), now);
    gather.spend(needs.bill());
    ShardFailure.refuseWrong(needs.failures());
    skipNone();
    var shards = attempt.shards;
    if (!attempt.byShard) {
      // Its leaf is there, and quick: hedges would tell the same figures.
      rounds.dropHedges(shards);
      for (var hedge : shards.hedges) {
        if (hedge.underWay()) {
          giveUp(hedge, End.OUTRUN, now);
        }
      }
      needs.failures().forEach(this::note);
    }
    var moved = elsewhere(attempt, needs.failures());
    var rest = attempt.leaf.shards().stream().filter(shard -> !moved.contains(shard)).toList();
    if (rest.isEmpty()) {
      if (!attempt.byShard) {
        shards.open = false;
      }
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
        shards.hedged(send(shards, held.leaf(), Kind.HEDGE, figures));
      } else {
        shards.refs = held.leaf().shards();
        shards.first = send(shards, held.leaf(), Kind.FIGURES, figures);
        shards.hedgeAtNanos = shards.first.sentNanos + shards.delayNanos;
      }
    }
  }

  /** A wrong request fails the whole query; anything else only this leaf's shards. */
  private void failed(Attempt attempt, HeddleException cause, long now) {
    attempt.end = End.FAILED;
    attempt.error = cause.code() + ": " + cause.getMessage();
    attempt.settled = cause.code().kind() != ErrorCode.Kind.INTERNAL;
    if (cause.code().kind() == ErrorCode.Kind.USER) {
      throw cause;
    }
    if (cause.code() == ErrorCode.UNAVAILABLE) {
      attempt.use.failed(now);
    }
    var shards = attempt.shards;
    var failures = ShardFailure.of(attempt.leaf.node(), attempt.leaf.shards(), cause);
    if (!attempt.byShard) {
      shards.open = false;
      failures.forEach(this::note);
      boolean grew = release(shards);
      settle(shards);
      if (grew) {
        improved();
      }
    } else if (!shards.open) {
      failures.forEach(this::note);
    }
    elsewhere(attempt, failures);
  }

  private void note(ShardFailure failure) {
    gather.fail(failure.shard(), failure.code(), failure.reason(), failure.message());
  }

  /**
   * Asks other replicas for shards that this one could not serve, unless someone is asked for them
   * already.
   *
   * @return the shards that were asked for again
   */
  private Set<ShardRef> elsewhere(Attempt attempt, List<ShardFailure> failures) {
    if (failures.isEmpty()) {
      return Set.of();
    }
    var shards = attempt.shards;
    List<ShardRef> lost = new ArrayList<>(failures.size());
    for (var failure : failures) {
      int shard = failure.shard().shard();
      if (ShardTries.elsewhereBetter(failure.code())
          && !gather.covered(shard)
          && !(attempt.byShard && shards.open)
          && !shards.hedgeUnderWay(shard)) {
        lost.add(failure.shard());
      }
    }
    Set<ShardRef> moved = new HashSet<>();
    for (var leaf : tries.others(attempt.leaf.node(), lost)) {
      if (shared.retries().spend(leaf.shards().size(), true)) {
        tries.asking(leaf);
        shared.reasks().increment(leaf.shards().size());
        first(leaf, Kind.RETRY, rounds.known());
        moved.addAll(leaf.shards());
      } else {
        denied += leaf.shards().size();
      }
    }
    if (!moved.isEmpty()) {
      // They are others' from now on.
      shards.refs = shards.refs.stream().filter(ref -> !moved.contains(ref)).toList();
    }
    return moved;
  }

  /** Asks other replicas for shards of a late call that nobody has brought yet. */
  private void hedge(Shards shards, long now) {
    if (shards.late++ == 0) {
      shared.hedges().punctual(false);
    }
    shards.hedgeAtNanos = now + (shards.delayNanos << Math.min(shards.late, MOST_DOUBLINGS));
    List<ShardRef> wanted = new ArrayList<>(shards.refs.size());
    for (var ref : shards.refs) {
      if (!shards.held.containsKey(ref.shard()) && !gather.covered(ref.shard())) {
        wanted.add(ref);
      }
    }
    var calls = tries.others(shards.first.leaf.node(), wanted);
    if (calls.isEmpty()) {
      shards.delayNanos = HedgingPolicy.NEVER;
      return;
    }
    for (var leaf : calls) {
      int count = leaf.shards().size();
      if (!shared.hedges().spend(count, shards.late > 1)) {
        denied += count;
        continue;
      }
      tries.asking(leaf);
      hedged += count;
      shared.hedgedShards().increment(count);
      gather.spend(Spending.extra(count));
      shards.hedged(send(shards, leaf, Kind.HEDGE, rounds.known()));
    }
  }

  /** Ends the course: what hedges brought is taken, and whatever is under way is given up. */
  void end() {
    for (var shards : all) {
      release(shards);
    }
    long now = ticker.nanoTime();
    for (var attempt : attempts) {
      if (attempt.underWay()) {
        long millis = (now - attempt.sentNanos) / 1_000_000;
        String message = attempt.name() + ": no answer within " + millis + " ms";
        attempt.leaf.shards().forEach(ref -> gather.late(ref, message));
      }
    }
    abandon();
  }

  /** Gives up whatever is under way. A second call does nothing. */
  void abandon() {
    long now = ticker.nanoTime();
    for (var attempt : attempts) {
      if (attempt.underWay()) {
        giveUp(attempt, End.LEFT, now);
      }
    }
  }

  /** Calls whose cost is not known: {@code node/attempt}. */
  List<String> unsettled() {
    return attempts.stream().filter(one -> !one.settled).map(Attempt::name).toList();
  }

  List<Attempt> attempts() {
    return attempts;
  }

  StatisticsEpoch epoch() {
    return rounds.epoch();
  }

  int statisticsRounds() {
    return rounds.rounds();
  }

  /** How long the first call may take until it is late; 0: as long as it likes. */
  long hedgeAfterMicros() {
    long nanos = all.isEmpty() ? HedgingPolicy.NEVER : all.getFirst().delayNanos;
    return nanos == HedgingPolicy.NEVER ? 0 : nanos / 1_000;
  }

  /** Shards that were not asked. */
  List<Plan.Skipped> skipped() {
    return skipping ? plan.skipped() : List.of();
  }

  /** Shards asked for at further replicas because calls were late. */
  int hedged() {
    return hedged;
  }

  /** Shards that would have been asked of further replicas, had there been budget for it. */
  int denied() {
    return denied;
  }
}
