package dev.heddle.function;

import java.util.Optional;
import java.util.OptionalLong;
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
   * As {@link #leaf(Object, Shard, Bound)}, where others may find more while this leaf works. By
   * default, what is known when it begins is all that it heeds. Where the function trims ({@link
   * #trims}), the partial has nothing that lies below the strongest bound that was asked for.
   */
  default P leaf(Q query, Shard shard, RisingBound bound) throws Exception {
    var known = bound.now();
    return known.equals(Bound.NONE) ? leaf(query, shard) : leaf(query, shard, known);
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
   * so far. It goes to {@link #leaf(Object, Shard, Bound)} of shards that have not begun, and to
   * {@link #leaf(Object, Shard, RisingBound)} of those under way; on other nodes, too. It may
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

  /**
   * Whether leaves may be asked for fewer than the request's {@code k}: the answer has the best
   * {@code k} of something, in one order that all nodes share, and the partial of a request for
   * fewer only ends sooner. A coordinator may then ask each leaf for as many as are likely to be
   * among the best of all, and asks again where that was too few ({@link #lacks}); where there is
   * no time for that, it shows what holds ({@link #cut}). Of no effect for functions that are not
   * {@link Law#COMMUTATIVE}.
   */
  default boolean trims(Q query) {
    return false;
  }

  /**
   * Whether a partial that was asked for the best {@code k} only may have left out what belongs
   * into the answer. Both partials stay as they are.
   *
   * <p>A trimmed leaf may heed a {@link Bound}: so where it found fewer than it was asked for, that
   * is all it has that can make a difference.
   *
   * @param merged all that is in the answer so far, the trimmed partial included
   * @param k less than the query's; 0: the partial was {@link #cut} elsewhere, and may lack
   *     something however little is in it
   */
  default boolean lacks(Q query, P merged, P trimmed, int k) {
    return true;
  }

  /**
   * What holds of the answer although a trimmed partial in it lacks something: what is merged, up
   * to where the trimmed one ends. Whatever that left out comes after. Both partials stay as they
   * are. Functions that trim give this.
   *
   * @param merged all that is in the answer, the trimmed partial included
   * @return a partial of its own
   */
  default P cut(Q query, P merged, P trimmed) {
    throw new UnsupportedOperationException("cut: a function that trims says what holds");
  }

  /**
   * As above, of a partial whose leaves were told of a bound that does not hold after all: whoever
   * gave it is gone. They left out what is below it, each from when it was told; so a partial of
   * several shards may have some of that, and lack the rest, and nothing below it is certain.
   * Functions that trim and whose leaves heed a {@link RisingBound} give this, too.
   *
   * @param heeded the strongest that they were told of; {@link Bound#NONE}: of none
   */
  default P cut(Q query, P merged, P trimmed, Bound heeded) {
    return cut(query, merged, trimmed);
  }

  /** Merges two partials; associative. May change and return either of them. */
  P merge(P a, P b);

  /**
   * What a partial takes of the heap, in bytes, with all that it refers to: by that a coordinator
   * knows what a query holds, and refuses what is too much. It is asked for after each decoding and
   * each merge, so it must not be a walk of its own: partials that are large keep their weight, and
   * bring it up to date as they merge. {@link HeapSize} knows what objects take.
   *
   * @return 0..2^50; empty: the function does not say, and the partial counts as four times the
   *     encoded bytes of all that was merged into it, as it does where the function is not
   *     commutative
   */
  default OptionalLong weight(P partial) {
    return OptionalLong.empty();
  }

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
