package dev.heddle.coordinator;

import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The calls of a query's course: to whom they went, which are under way, and what becomes known of
 * nodes by how they end. What they bring is {@link QueryCourse}'s affair. Owned by the query's
 * thread.
 */
final class CourseCalls {
  private final SharedState shared;
  private final CourseTerms terms;
  private final StatisticsRounds rounds;
  private final Gather gather;
  private final ShardTries tries;
  private final QueryCourse.Door door;
  private final Ticker ticker;
  private final List<Shards> all = new ArrayList<>();
  private final List<Attempt> attempts = new ArrayList<>();

  /** Calls by node, which numbers them. */
  private final Map<String, Integer> numbers = new HashMap<>();

  /** Shards that are asked for all hits. */
  private final Set<Integer> whole = new HashSet<>(0);

  private int underWay;

  /** What calls are told that are made now. */
  private Bound bar = Bound.NONE;

  CourseCalls(
      SharedState shared,
      CourseTerms terms,
      StatisticsRounds rounds,
      Gather gather,
      ShardTries tries,
      QueryCourse.Door door) {
    this.shared = shared;
    this.terms = terms;
    this.rounds = rounds;
    this.gather = gather;
    this.tries = tries;
    this.door = door;
    this.ticker = shared.ticker();
  }

  /** Makes the first call for some shards. */
  Shards first(LeafAssignment leaf, Kind kind, Optional<Figures> figures) {
    var shards = new Shards(leaf.shards());
    all.add(shards);
    shards.first = send(shards, leaf, kind, figures);
    shards.delayNanos = terms.pace(leaf.handed()).delayNanos(leaf.node(), leaf.shards().size());
    if (shards.delayNanos != HedgingPolicy.NEVER) {
      shards.hedgeAtNanos = shards.first.sentNanos + shards.delayNanos;
    }
    if (kind != Kind.WHOLE) {
      shared.hedges().earn(leaf.shards().size(), terms.levels());
      shared.retries().earn(leaf.shards().size(), terms.levels());
      shared.repairs().earn(leaf.shards().size(), terms.levels());
    }
    return shards;
  }

  /** What calls are told that are made from now on. */
  void bar(Bound higher) {
    bar = higher;
  }

  /** Whether the call is under way and knows less. Who is asked again for all hits is told none. */
  boolean mayBeTold(Attempt attempt, Bound known) {
    return attempt.underWay()
        && attempt.kind != Kind.WHOLE
        && known.compareTo(attempt.told) > 0
        && !whole(attempt.leaf);
  }

  /**
   * Whether a partial heeds a bar that this query did not tell: whoever did, what was left out for
   * it may be needed. Parts may heed what was found below them; where atoms are kept, those that
   * lack something are found by that.
   */
  boolean misled(Attempt attempt, Atom atom) {
    return atom.bar().compareTo(attempt.told) > 0
        && !(attempt.leaf.handed() && gather.keepsAtoms());
  }

  /** Whether what a call left out may be asked of the same node again: once, and told nothing. */
  static boolean mayAskWhole(Attempt attempt) {
    return !attempt.byShard && attempt.kind != Kind.WHOLE;
  }

  /** These shards are asked for all hits from now on. */
  void askWhole(List<ShardRef> refs) {
    refs.forEach(ref -> whole.add(ref.shard()));
  }

  /** Whether the call was asked for fewer hits of the shard than others are by now. */
  boolean outdated(Attempt attempt, int shard) {
    return (attempt.hits > 0 || !attempt.told.equals(Bound.NONE)) && whole.contains(shard);
  }

  private boolean whole(LeafAssignment leaf) {
    for (var ref : leaf.shards()) {
      if (whole.contains(ref.shard())) {
        return true;
      }
    }
    return false;
  }

  Attempt send(Shards shards, LeafAssignment leaf, Kind kind, Optional<Figures> figures) {
    long now = ticker.nanoTime();
    long left = Math.max(1, terms.softDeadlineNanos() - now);
    boolean byShard = kind == Kind.HEDGE;
    var use = use(leaf);
    boolean whole = whole(leaf);
    var told = whole || kind == Kind.WHOLE ? Bound.NONE : bar;
    var attempt =
        new Attempt(
            shards,
            leaf,
            numbers.merge(leaf.node(), 1, Integer::sum),
            kind,
            byShard,
            use,
            now,
            whole ? 0 : terms.trim().hits(leaf.shards()),
            told);
    attempt.tellAtNanos = now + shared.config().scatter().barInterval().toNanos();
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
                terms.reading(),
                tries.patienceNanos(leaf, left),
                byShard,
                Spending.left(terms.budget(), gather.bill()),
                attempt.hits,
                whole || terms.trim().whole(),
                told),
            attempt);
    return attempt;
  }

  private NodeUse use(LeafAssignment leaf) {
    return leaf.handed() ? shared.tree().use(leaf.node()) : shared.table().use(leaf.node());
  }

  void ended(Attempt attempt, long now) {
    attempt.endNanos = now;
    attempt.use.ended(attempt.leaf.shards().size());
    underWay--;
  }

  /** A first call was answered in its time, or not. */
  void paced(Attempt attempt, long took) {
    pace(attempt).answered(attempt.leaf.node(), attempt.leaf.shards().size(), took);
    if (attempt.shards.late == 0) {
      shared.hedges().punctual(true);
    }
  }

  private HedgingPolicy.Calls pace(Attempt attempt) {
    return terms.pace(attempt.leaf.handed());
  }

  /**
   * A call failed. A leaf's node is at fault where it cannot be reached; a coordinator's whatever
   * became of its part, but for what the function did, or the query was too big for.
   */
  void failed(Attempt attempt, ErrorCode code, long now) {
    if (attempt.leaf.handed() ? coordinatorsFault(code) : code == ErrorCode.UNAVAILABLE) {
      attempt.use.failed(now);
    }
  }

  private static boolean coordinatorsFault(ErrorCode code) {
    return switch (code) {
      case LIMIT_REACHED,
          FUNCTION_FAILED,
          FUNCTION_INIT_FAILED,
          FUNCTION_TIMED_OUT,
          FUNCTION_RESULT_INVALID,
          FUNCTION_RESULT_TOO_LARGE,
          FUNCTION_MERGE_FAILED,
          FUNCTION_MEMORY_EXCEEDED ->
          false;
      default -> true;
    };
  }

  void giveUp(Attempt attempt, End why, long now) {
    ended(attempt, now);
    attempt.end = why;
    attempt.cancel.run();
    if (attempt.leaf.handed() && why == End.LEFT && now - terms.softDeadlineNanos() >= 0) {
      // It should have answered with what there was, however little, a merge's time ago.
      attempt.use.failed(now);
    }
    long took = now - attempt.sentNanos;
    if (attempt.kind == Kind.FIRST && why == End.OUTRUN) {
      attempt.use.outrun(now);
      pace(attempt).outrun(attempt.leaf.node(), attempt.leaf.shards().size(), took);
    } else if (attempt.kind == Kind.FIRST && attempt.shards.late > 0) {
      pace(attempt).outrun(attempt.leaf.node(), attempt.leaf.shards().size(), took);
    }
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

  boolean underWay() {
    return underWay > 0;
  }

  /**
   * What they take of the heap, in bytes: those under way, and what hedges brought.
   *
   * @param each of one that is under way
   */
  long held(long each) {
    long sum = each * underWay;
    for (var shards : all) {
      for (var brought : shards.held.values()) {
        sum += HeldBytes.of(brought.atom());
      }
    }
    return sum;
  }

  /** Shards that were asked for together, each time they were. */
  List<Shards> all() {
    return all;
  }

  List<Attempt> attempts() {
    return attempts;
  }

  /** Calls whose cost is not known: {@code node/attempt}. */
  List<String> unsettled() {
    return attempts.stream().filter(one -> !one.settled).map(Attempt::name).toList();
  }

  /** How long the first call may take until it is late; 0: as long as it likes. */
  long hedgeAfterMicros() {
    var all = all();
    long nanos = all.isEmpty() ? HedgingPolicy.NEVER : all.getFirst().delayNanos;
    return nanos == HedgingPolicy.NEVER ? 0 : nanos / 1_000;
  }
}
