package dev.heddle.function;

import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Code that runs beside every shard of a dataset, and whose partial answers merge into one.
 *
 * <p>A class with a public constructor without parameters. One instance serves one query on one
 * node: its {@link #leaf} calls, merges, and (at the root) {@link #finish}; so an instance may keep
 * state between these calls, and needs no locks.
 *
 * @param <Q> the prepared query
 * @param <P> the partial answer
 */
public interface ScatterFunction<Q, P> {
  /**
   * Checks and digests the request. Called first on every node, at the root before anything is
   * scattered.
   *
   * @throws BadRequestException if the request is wrong
   */
  Q prepare(ScatterRequest request);

  /** Computes the partial answer of one shard. */
  P leaf(Q query, Shard shard) throws Exception;

  /**
   * As {@link #leaf(Object, Shard)}, where others have already found enough that what lies below
   * the bound makes no difference: it may be left out. A function that gives bounds ({@link
   * #bound}) heeds them here.
   *
   * @param bound the strongest known when the leaf begins; {@link Bound#NONE} for none
   */
  default P leaf(Q query, Shard shard, Bound bound) throws Exception {
    return leaf(query, shard);
  }

  /**
   * Whether the shard can add anything to the answer, asked at the coordinator before it is. A
   * shard that cannot is skipped, and counts as seen. Where a function looks only at what the
   * request's query matches, {@code summary.mayMatch(request.query())} says it; by default every
   * shard is asked.
   *
   * @return false only if {@link #finish} would give the same answer without this shard
   */
  default boolean canMatch(Q query, ShardSummary summary) {
    return true;
  }

  /**
   * What the shards that were not heard yet must reach to make a difference, given what was merged
   * so far. It goes to {@link #leaf(Object, Shard, Bound)} of shards that have not begun, and may
   * arrive late or never.
   *
   * <p>A bound of some partials holds for whatever they are merged with: merging makes it stronger,
   * or leaves it. The strongest of several is the largest.
   *
   * @return empty: everything may make a difference
   */
  default Optional<Bound> bound(Q query, P partial) {
    return Optional.empty();
  }

  /** Merges two partials; associative. May change and return either of them. */
  P merge(P a, P b);

  /**
   * Completes the merged partial of this leaf's shards while they are still open: for what is dear
   * and only needed for what survived the merge, such as stored fields of the best hits.
   */
  default P complete(Q query, P partial) throws Exception {
    return partial;
  }

  /**
   * Turns the merged partial into the answer; runs once, at the root, and for each improvement of a
   * streamed answer. It must leave the partial as it is.
   *
   * @param partial null where no shard answered
   * @return a plain JSON value, as {@link Handler#handle} returns
   */
  @Nullable Object finish(Q query, @Nullable P partial, Coverage coverage);

  Codec<P> codec();

  default Set<Law> laws() {
    return Set.of();
  }
}
