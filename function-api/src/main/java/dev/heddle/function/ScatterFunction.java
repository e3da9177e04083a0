package dev.heddle.function;

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
