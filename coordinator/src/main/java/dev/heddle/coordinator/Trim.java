package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.BinomialTail;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.engine.ScatterRun;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * How many of a query's best k hits each of its calls is asked for. Documents come to shards by a
 * hash of their ids, so how many of the best k some shards have is binomial by their share of the
 * documents: each call is asked for as many as it has, but for a risk, and one more, which shows
 * that there are no others. As Vespa does ({@code top-k-probability}, {@code TopKEstimator}); but
 * there what was cut off too soon is lost, and here {@link TrimRepair} asks for it.
 */
final class Trim {
  /** Calls are asked for as many hits as the query. */
  static final Trim NONE = new Trim(0, 1, _ -> 0, 0);

  /** So it is, and so it is to be with the calls of those that are asked. */
  static final Trim WHOLE = new Trim(0, 1, _ -> 0, 0);

  /** One part in so many must be saved so that it is worth looking whether it was too much. */
  private static final int WORTH = 4;

  private final int k;
  private final double risk;
  private final ToLongFunction<ShardRef> documents;
  private final long all;

  private Trim(int k, double risk, ToLongFunction<ShardRef> documents, long all) {
    this.k = k;
    this.risk = risk;
    this.documents = documents;
    this.all = all;
  }

  /**
   * By what is known of the plan's shards; {@link #NONE} where the function allows none, nothing is
   * known, or there is one call. So it is, too, while everything is slow, or as long as more was
   * asked again than the budget of repairs allows: then the guess is wrong too often, as the best
   * lie together.
   *
   * @param k of the query
   * @param probability that no call has more of the best k than it is asked for, 0.5..1; 1: calls
   *     are asked for all k
   */
  static Trim of(ScatterRun run, int k, Plan plan, SharedState shared, double probability) {
    int calls = plan.leaves().size();
    if (probability >= 1
        || calls < 2
        || k < 2
        || !run.trims()
        || !shared.repairs().left()
        || shared.hedges().everythingSlow()) {
      return NONE;
    }
    var counts = shared.known().of(plan.dataset());
    ToLongFunction<ShardRef> documents = ref -> counts.documents(ref.shard()).orElse(0);
    long all = 0;
    for (var leaf : plan.leaves()) {
      all += leaf.shards().stream().mapToLong(documents).sum();
    }
    return all == 0 ? NONE : new Trim(k, (1 - probability) / calls, documents, all);
  }

  boolean active() {
    return k > 0;
  }

  /** Whether calls are told to trim nothing themselves. */
  boolean whole() {
    return this == WHOLE;
  }

  /** What a call for these shards is asked for; 0: all k. */
  int hits(List<ShardRef> shards) {
    if (!active()) {
      return 0;
    }
    double share = (double) shards.stream().mapToLong(documents).sum() / all;
    int hits = BinomialTail.atMost(k, share, risk) + 1;
    return hits * WORTH <= k * (WORTH - 1) ? hits : 0;
  }
}
