package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.NeedsFigures;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Leaves of a query that wait for figures of terms unseen in the statistics epoch, and those
 * figures, summed once all have told theirs. A coordinator that was handed a part of a query knows
 * only that part's: it hands them up. Owned by the query's thread.
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

  /** Empty where figures are handed up. */
  private final Optional<StatisticsEpochs> epochs;

  private final int shards;

  /** What came with a part. */
  private final Optional<Figures> handed;

  private final List<Held> held = new ArrayList<>(0);

  /** All terms that leaves asked for so far: a function may search more than once. */
  private final Set<Figures.TermKey> terms = new HashSet<>(0);

  private StatisticsEpoch epoch;
  private int rounds;
  private boolean partial;
  private long firstHeldNanos;

  /**
   * Begins with the present epoch.
   *
   * @param shards of the dataset
   */
  StatisticsRounds(StatisticsEpochs epochs, String datasetId, int shards) {
    this.epochs = Optional.of(epochs);
    this.shards = shards;
    this.handed = Optional.empty();
    this.epoch = epochs.current(datasetId);
  }

  /**
   * Of a part of another coordinator's query.
   *
   * @param handed figures that came with it
   */
  StatisticsRounds(StatisticsEpoch epoch, Optional<Figures> handed) {
    this.epochs = Optional.empty();
    this.shards = 0;
    this.handed = handed;
    this.epoch = epoch;
  }

  /** Whether someone else sums the figures, and asks again. */
  boolean handsUp() {
    return epochs.isEmpty();
  }

  StatisticsEpoch epoch() {
    return epoch;
  }

  int rounds() {
    return rounds;
  }

  /** Whether scores rest on figures that some shard did not contribute to. */
  boolean partial() {
    return partial;
  }

  boolean waiting() {
    return !held.isEmpty();
  }

  /** Those that wait, with the shards that are still asked of them. */
  List<LeafAssignment> waitingLeaves() {
    return held.stream().map(Held::leaf).toList();
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

  /**
   * When the others have waited long enough for those that said nothing. Of a part in half the
   * time: whoever asked for it waits, too, and would else go on without all of it.
   */
  long graceEndNanos(long graceNanos, long softDeadlineNanos) {
    long quarter = Math.max(0, softDeadlineNanos - firstHeldNanos) / 4;
    long grace = Math.min(graceNanos, quarter);
    return firstHeldNanos + (handsUp() ? grace / 2 : grace);
  }

  /** What a call can be told beforehand; empty where leaves have asked for nothing. */
  Optional<Figures> known() {
    if (handsUp()) {
      return handed;
    }
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
    held.forEach(leaf -> terms.addAll(leaf.needs.local().terms().keySet()));
    var told = sum();
    boolean whole = told.whole && told.shards.size() == shards;
    boolean knownAlready =
        (!told.fields || epoch.knowsFields()) && terms.stream().allMatch(epoch::knows);
    if (!knownAlready && whole) {
      epoch.establish(told.figures, told.fields);
    } else if (!knownAlready) {
      var passing = epochs.orElseThrow().passing();
      passing.establish(epoch.figures(terms), epoch.knowsFields());
      passing.establish(told.figures, told.fields);
      epoch = passing;
      partial = true;
    }
    return take();
  }

  /** What those that wait told, each shard once. */
  private Sum sum() {
    boolean fields = false;
    boolean whole = true;
    Set<Integer> counted = new HashSet<>();
    Figures figures = Figures.NONE;
    for (var leaf : held) {
      if (leaf.leaf.shards().stream().anyMatch(ref -> counted.contains(ref.shard()))) {
        continue;
      }
      fields |= leaf.needs.fields();
      figures = figures.plus(leaf.needs.local());
      whole &= leaf.whole;
      leaf.leaf.shards().forEach(ref -> counted.add(ref.shard()));
    }
    return new Sum(fields, whole, counted, figures);
  }

  private record Sum(boolean fields, boolean whole, Set<Integer> shards, Figures figures) {}

  /**
   * What is handed up; empty where nobody lacks anything.
   *
   * @param open shards that neither answered nor failed
   */
  Optional<LeafReply.Rest> rest(List<ShardRef> open) {
    if (held.isEmpty()) {
      return Optional.empty();
    }
    var told = sum();
    boolean untold =
        !told.whole || open.stream().anyMatch(ref -> !told.shards.contains(ref.shard()));
    Map<Integer, ShardReport> reports = new TreeMap<>();
    for (var leaf : held) {
      leaf.needs.reports().forEach(report -> reports.putIfAbsent(report.shard(), report));
    }
    return Optional.of(
        new LeafReply.Rest(open, untold, told.fields, told.figures, List.copyOf(reports.values())));
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
