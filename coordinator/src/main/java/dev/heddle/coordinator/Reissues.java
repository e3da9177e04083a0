package dev.heddle.coordinator;

import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.engine.MissingReason;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Asks other replicas for shards of a query whose calls are late or failed, within the budgets.
 * Where a call went to a coordinator, leaves are asked for its shards from here: so whoever hedges
 * is next to the leaves. Owned by the query's thread.
 */
final class Reissues {
  private static final int MOST_DOUBLINGS = 6;

  private final SharedState shared;
  private final Gather gather;
  private final ShardTries tries;
  private final CourseCalls calls;
  private final StatisticsRounds rounds;
  private int denied;
  private int hedged;

  Reissues(
      SharedState shared,
      Gather gather,
      ShardTries tries,
      CourseCalls calls,
      StatisticsRounds rounds) {
    this.shared = shared;
    this.gather = gather;
    this.tries = tries;
    this.calls = calls;
    this.rounds = rounds;
  }

  /**
   * Asks other replicas for shards that this one could not serve, unless someone is asked for them
   * already.
   *
   * <p>What a coordinator was handed in vain is asked of leaves whole, and beside the budget: one
   * part is more than a burst, and torn by the budget it would cost coverage though every leaf is
   * well. Where it was refused, this is the first execution anyway. It is bounded, as leaves are
   * asked so once for a part, and as who fails again and again is handed nothing ({@link
   * CourseCalls#failed}).
   *
   * @return the shards that were asked for again
   */
  Set<ShardRef> elsewhere(Attempt attempt, List<ShardFailure> failures) {
    if (failures.isEmpty()) {
      return Set.of();
    }
    var shards = attempt.shards;
    boolean handed = attempt.leaf.handed();
    List<ShardRef> lost = new ArrayList<>(failures.size());
    for (var failure : failures) {
      int shard = failure.shard().shard();
      boolean better =
          handed
              ? failure.code() != ErrorCode.DEADLINE_EXCEEDED
              : ShardTries.elsewhereBetter(failure.code());
      if (better
          && !gather.covered(shard)
          && !calls.outdated(attempt, shard)
          && !(attempt.byShard && shards.open)
          && !shards.hedgeUnderWay(shard)) {
        lost.add(failure.shard());
      }
    }
    Set<ShardRef> moved = new HashSet<>();
    for (var leaf : handed ? tries.others(lost) : tries.others(attempt.leaf.node(), lost)) {
      if (handed || shared.retries().spend(leaf.shards().size(), true)) {
        tries.asking(leaf);
        shared.reasks().increment(leaf.shards().size());
        calls.first(leaf, Kind.RETRY, rounds.known());
        moved.addAll(leaf.shards());
      } else {
        denied += leaf.shards().size();
      }
    }
    for (var failure : failures) {
      // Whoever is asked for it now says what becomes of it.
      if (moved.contains(failure.shard()) || shards.hedgeUnderWay(failure.shard().shard())) {
        gather.reopen(failure.shard());
      }
    }
    if (handed) {
      failures.forEach(failure -> unplaced(failure, lost, moved));
    }
    if (!moved.isEmpty()) {
      // They are others' from now on.
      shards.refs = shards.refs.stream().filter(ref -> !moved.contains(ref)).toList();
    }
    return moved;
  }

  /** The coordinator failed, and of the shard itself it is known that nobody has it. */
  private void unplaced(ShardFailure failure, List<ShardRef> lost, Set<ShardRef> moved) {
    var ref = failure.shard();
    if (lost.contains(ref) && !moved.contains(ref) && !tries.tried(ref.shard())) {
      gather.fail(
          ref,
          ErrorCode.NOT_OWNER,
          MissingReason.NO_REPLICA,
          failure.message() + "; and there is no replica to ask");
    }
  }

  /**
   * Shards of a call that its answer does not account for: what became of them it does not tell, or
   * it left out of them what it was not told to, and nobody asks for that again.
   */
  List<ShardFailure> untold(Attempt attempt, LeafReply.Answer answer) {
    Set<ShardRef> told = new HashSet<>();
    List<ShardFailure> all = new ArrayList<>(0);
    String node = attempt.leaf.node();
    for (var atom : answer.atoms()) {
      told.addAll(atom.covers());
      if (calls.misled(attempt, atom) && !CourseCalls.mayAskWhole(attempt)) {
        var cause = new HeddleException(ErrorCode.INTERNAL, misled(attempt, atom));
        all.addAll(ShardFailure.of(node, atom.covers(), cause));
      }
    }
    answer.failures().forEach(failure -> told.add(failure.shard()));
    answer.rest().ifPresent(rest -> told.addAll(rest.shards()));
    var held = attempt.shards.held;
    var untold =
        attempt.leaf.shards().stream()
            .filter(ref -> !told.contains(ref) && !held.containsKey(ref.shard()))
            .filter(ref -> !gather.covered(ref.shard()))
            .toList();
    if (!untold.isEmpty()) {
      var cause =
          new HeddleException(ErrorCode.NOT_OWNER, "does not tell what became of the shard");
      all.addAll(ShardFailure.of(node, untold, cause));
    }
    return all;
  }

  private static String misled(Attempt attempt, LeafReply.Atom atom) {
    return "bar: heeds %s (expected: at most %s, of which it was told)"
        .formatted(atom.bar().least(), attempt.told.least());
  }

  /** Asks other replicas for shards of a late call that nobody has brought yet. */
  void hedge(Shards shards, long now) {
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
    var first = shards.first.leaf;
    // The leaves of a part that is late once may still be at work for it.
    boolean again = shards.late > 1;
    var others =
        first.handed()
            ? tries.besides(first.leaves().toList(), Set.copyOf(wanted), again)
            : tries.others(first.node(), wanted);
    if (others.isEmpty()) {
      if (again || !first.handed()) {
        shards.delayNanos = HedgingPolicy.NEVER;
      }
      return;
    }
    for (var leaf : others) {
      int count = leaf.shards().size();
      if (!shared.hedges().spend(count, shards.late > 1)) {
        denied += count;
        continue;
      }
      tries.asking(leaf);
      hedged += count;
      shared.hedgedShards().increment(count);
      gather.spend(Spending.extra(count));
      shards.hedged(calls.send(shards, leaf, Kind.HEDGE, rounds.known()));
    }
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
