package dev.heddle.coordinator;

import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What calls brought that were asked for fewer hits than the query wants, or that left out what
 * others seemed to outdo ({@link Bars}), which has gone since. Where that may have been too few,
 * its shards are asked for all hits, once, and what comes takes its place: so the answer is that of
 * a query which trims nothing. Until then it is put aside; what nothing has replaced when the query
 * ends is taken after all, and the answer ends where it may lack something. Owned by the query's
 * thread.
 *
 * <p>These are extra executions and have a budget. Where nothing else is under way they are made in
 * any case, and owed: as long as more is owed than earned, queries are not trimmed ({@link Trim}).
 * While others are late they are made within the budget only, and while everything is slow not
 * before all others have come.
 */
final class TrimRepair {
  private final SharedState shared;
  private final Gather gather;
  private final CourseCalls calls;
  private final StatisticsRounds rounds;
  private final long earlyNanos;

  /** What is in the answer, and who brought it. */
  private final IdentityHashMap<Atom, Attempt> trimmed = new IdentityHashMap<>(0);

  /** Those asked again. */
  private final List<Shards> again = new ArrayList<>(0);

  /** Whether it is known that nothing is to be asked again. */
  private boolean settled = true;

  /**
   * @param earlyNanos from when on it is asked again though others are under way, as the time may
   *     not suffice later
   */
  TrimRepair(
      SharedState shared,
      Gather gather,
      CourseCalls calls,
      StatisticsRounds rounds,
      long earlyNanos) {
    this.shared = shared;
    this.gather = gather;
    this.calls = calls;
    this.rounds = rounds;
    this.earlyNanos = earlyNanos;
  }

  /** The answer has it. */
  void took(Attempt attempt, Atom atom) {
    if (attempt.hits > 0 || (atom.barred() && gather.keepsAtoms())) {
      trimmed.put(atom, attempt);
    }
    // Also what is whole moves the k-th hit, though only upwards where shards do not change.
    settled = trimmed.isEmpty();
  }

  /**
   * Asks again, at once, for shards whose partials heed what this query did not tell. They are not
   * in the answer.
   */
  void misled(Attempt attempt, List<Atom> atoms) {
    var misled = atoms.stream().filter(atom -> calls.misled(attempt, atom)).toList();
    if (!misled.isEmpty() && CourseCalls.mayAskWhole(attempt)) {
      whole(attempt, misled);
    }
  }

  /** When {@link #askAgain} is due at the latest; {@code otherwise} where it is not. */
  long wakeNanos(long now, long otherwise) {
    return settled || now - earlyNanos >= 0 || earlyNanos - otherwise > 0 ? otherwise : earlyNanos;
  }

  /** Asks again for what may be needed: when all else has come, or as much time has gone. */
  void askAgain(long now) {
    if (settled || rounds.waiting()) {
      return;
    }
    boolean idle = !calls.underWay();
    if (!idle && !early(now)) {
      return;
    }
    if (idle) {
      // Nothing replaces any more what is aside. Without it, others would seem to lack something.
      gather.restore();
    }
    Map<Attempt, List<Atom>> byCall = new LinkedHashMap<>();
    for (var atom : gather.lacking()) {
      // Those that were cut below were asked again there; those that are not known here, here.
      var attempt = trimmed.get(atom);
      if (attempt != null && !atom.cut()) {
        byCall.computeIfAbsent(attempt, _ -> new ArrayList<>()).add(atom);
      }
    }
    List<Atom> asked = new ArrayList<>(0);
    byCall.values().removeIf(atoms -> !affordable(atoms, idle));
    byCall.values().forEach(asked::addAll);
    if (asked.isEmpty()) {
      settled = idle;
      return;
    }
    gather.putAside(asked);
    asked.forEach(trimmed::remove);
    byCall.forEach(this::whole);
  }

  /** Whether it is asked again though others are under way. */
  private boolean early(long now) {
    return now - earlyNanos >= 0
        && !shared.hedges().everythingSlow()
        && again.stream().noneMatch(Shards::underWay);
  }

  private boolean affordable(List<Atom> atoms, boolean idle) {
    int shards = atoms.stream().mapToInt(atom -> atom.covers().size()).sum();
    if (idle) {
      shared.repairs().owe(shards);
      return true;
    }
    return shared.repairs().spend(shards, true);
  }

  private void whole(Attempt attempt, List<Atom> atoms) {
    var refs = atoms.stream().flatMap(atom -> atom.covers().stream()).toList();
    var wanted = new HashSet<ShardRef>(refs);
    // They are others' from now on.
    attempt.shards.refs =
        attempt.shards.refs.stream().filter(ref -> !wanted.contains(ref)).toList();
    shared.repairedShards().increment(refs.size());
    gather.spend(Spending.extra(refs.size()));
    calls.askWhole(refs);
    again.add(calls.first(attempt.leaf.only(wanted), Kind.WHOLE, rounds.known()));
  }

  /** Leaves out what lacks something still: it is open again, for who asks with figures. */
  void leaveOut() {
    if (!gather.keepsAtoms()) {
      // What others cut stays so.
      return;
    }
    for (var lacking = gather.lacking(); !lacking.isEmpty(); lacking = gather.lacking()) {
      gather.putAside(lacking);
    }
    gather.reopenAside();
  }

  /** The earlier of two moments, by the ticker. */
  static long earlier(long one, long other) {
    return one - other <= 0 ? one : other;
  }
}
