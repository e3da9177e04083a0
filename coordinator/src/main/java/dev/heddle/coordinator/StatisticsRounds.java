package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafReply.NeedsFigures;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Leaves of a query that wait for figures of terms unseen in the statistics epoch, and those
 * figures, summed once all have told theirs. Owned by the query's thread.
 */
final class StatisticsRounds {
  private static final int MOST = 16;

  /**
   * A leaf that waits for figures.
   *
   * @param leaf with the shards that are still asked of it
   * @param whole whether it told the figures of all of them
   */
  record Held(Attempt attempt, LeafAssignment leaf, NeedsFigures needs, boolean whole) {}

  private final StatisticsEpochs epochs;
  private final int shards;
  private final List<Held> held = new ArrayList<>(0);

  /** All terms that leaves asked for so far: a function may search more than once. */
  private final Set<Figures.TermKey> terms = new HashSet<>(0);

  private StatisticsEpoch epoch;
  private int rounds;
  private long firstHeldNanos;

  /**
   * Begins with the present epoch.
   *
   * @param shards of the dataset
   */
  StatisticsRounds(StatisticsEpochs epochs, String datasetId, int shards) {
    this.epochs = epochs;
    this.shards = shards;
    this.epoch = epochs.current(datasetId);
  }

  StatisticsEpoch epoch() {
    return epoch;
  }

  int rounds() {
    return rounds;
  }

  boolean waiting() {
    return !held.isEmpty();
  }

  boolean waiting(Shards shardsOfCall) {
    return held.stream().anyMatch(leaf -> leaf.attempt.shards == shardsOfCall);
  }

  void hold(Held leaf, long now) {
    if (held.isEmpty()) {
      firstHeldNanos = now;
    }
    held.add(leaf);
  }

  /** Nobody needs the hedges of these shards any more: the first leaf asked is there. */
  void dropHedges(Shards shardsOfCall) {
    held.removeIf(leaf -> leaf.attempt.shards == shardsOfCall && leaf.attempt.byShard);
  }

  /** Nobody needs anyone for these shards any more. */
  void drop(Shards shardsOfCall) {
    held.removeIf(leaf -> leaf.attempt.shards == shardsOfCall);
  }

  /** When the others have waited long enough for those that said nothing. */
  long graceEndNanos(long graceNanos, long softDeadlineNanos) {
    long quarter = Math.max(0, softDeadlineNanos - firstHeldNanos) / 4;
    return firstHeldNanos + Math.min(graceNanos, quarter);
  }

  /** What a call can be told beforehand; empty where leaves have asked for nothing. */
  Optional<Figures> known() {
    return terms.isEmpty() || !epoch.knowsFields()
        ? Optional.empty()
        : Optional.of(epoch.figures(terms));
  }

  boolean mayGoOn() {
    return rounds < MOST;
  }

  HeddleException tooMany() {
    return new HeddleException(
        ErrorCode.FUNCTION_FAILED,
        ("rounds for statistics: %d (expected: at most %d; the function keeps searching for new"
                + " terms)")
            .formatted(MOST + 1, MOST));
  }

  /**
   * Sums what the leaves told, each shard once; they are held no longer, and are to be asked again
   * with {@link #told}. If every shard of the dataset told its figures, they become part of the
   * epoch; else they hold for this query only.
   */
  List<Held> next() {
    rounds++;
    boolean fields = false;
    boolean whole = true;
    Set<Integer> counted = new HashSet<>();
    Figures sum = Figures.NONE;
    for (var leaf : held) {
      terms.addAll(leaf.needs.local().terms().keySet());
      if (leaf.leaf.shards().stream().anyMatch(ref -> counted.contains(ref.shard()))) {
        continue;
      }
      fields |= leaf.needs.fields();
      sum = sum.plus(leaf.needs.local());
      whole &= leaf.whole;
      leaf.leaf.shards().forEach(ref -> counted.add(ref.shard()));
    }
    whole &= counted.size() == shards;
    boolean knownAlready =
        (!fields || epoch.knowsFields()) && terms.stream().allMatch(epoch::knows);
    if (!knownAlready && whole) {
      epoch.establish(sum, fields);
    } else if (!knownAlready) {
      var passing = epochs.passing();
      passing.establish(epoch.figures(terms), epoch.knowsFields());
      passing.establish(sum, fields);
      epoch = passing;
    }
    return take();
  }

  /** Those that wait; they are held no longer. */
  List<Held> take() {
    var all = List.copyOf(held);
    held.clear();
    return all;
  }

  /** What those that waited are told. */
  Figures told() {
    return epoch.figures(terms);
  }
}
