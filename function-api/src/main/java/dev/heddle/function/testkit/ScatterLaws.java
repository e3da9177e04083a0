package dev.heddle.function.testkit;

import dev.heddle.function.Bound;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.ShardSummary;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks that a scatter function may be run as the platform runs it: partials computed on several
 * nodes, sent as bytes, merged in any grouping (and, where declared, in any order) by other
 * instances, and finished more than once. The answer must always be the same; numbers may differ in
 * their last digits, for a sum of fractions depends on its order.
 *
 * <pre>{@code
 * ScatterLaws.check(RelatedTopics::new, request, List.of(shard0, shard1, shard2), seed);
 *
 * ScatterLaws.of(RelatedTopics::new, request, shards, seed)
 *     .cuts(n -> books.shards(n))
 *     .summaries(shards.stream().map(InMemoryShard::summary).toList())
 *     .check();
 * }</pre>
 *
 * <p>The laws, by the word that begins the error where one does not hold:
 *
 * <ul>
 *   <li>{@code codec}: a partial that was sent is the partial that was written; broken bytes end in
 *       an exception;
 *   <li>{@code finish}: leaves the partial as it is;
 *   <li>{@code merge}: in another grouping, and if {@link Law#COMMUTATIVE} in another order, gives
 *       the same; if {@link Law#IDEMPOTENT}, duplicates change nothing;
 *   <li>{@code migrate}: it does not matter which shards share a node, or which node merges;
 *   <li>{@code split}: it does not matter into how many shards the documents are cut ({@link
 *       #cuts});
 *   <li>{@code canMatch}: a shard that is skipped would have changed nothing ({@link #summaries});
 *   <li>{@code bound}: what a leaf leaves out below a bound would have changed nothing, and bounds
 *       only rise;
 *   <li>{@code trims}: with fewer hits of shards, and all of those that {@code lacks} names, the
 *       answer is the same;
 *   <li>{@code cut}: shows nothing that more of what lacks would change.
 * </ul>
 */
public final class ScatterLaws<Q, P> {
  private static final int ROUNDS = 50;
  private static final int GARBAGE_ROUNDS = 500;
  private static final int MOST_CUTS = 6;
  private static final int MOST_TRIMS = 6;

  private final Supplier<? extends ScatterFunction<Q, P>> maker;
  private final ScatterRequest request;
  private final List<? extends Shard> shards;
  private final Coverage coverage;
  private final Random random;
  private final String seed;

  /** As a coordinator: an instance that has never seen a shard. */
  private final ScatterFunction<Q, P> root;

  private final Q query;
  private final List<byte[]> encoded = new ArrayList<>();
  private BiPredicate<@Nullable Object, @Nullable Object> agreement = SameAnswer::same;
  private @Nullable IntFunction<? extends List<? extends Shard>> cuts;
  private List<? extends ShardSummary> summaries = List.of();

  private ScatterLaws(
      Supplier<? extends ScatterFunction<Q, P>> maker,
      ScatterRequest request,
      List<? extends Shard> shards,
      long seed) {
    this.maker = maker;
    this.request = request;
    this.shards = shards;
    this.random = new Random(seed);
    this.seed = " (seed " + seed + ")";
    this.root = maker.get();
    this.query = root.prepare(request);
    long documents = shards.stream().mapToLong(Shard::documents).sum();
    this.coverage =
        new Coverage(documents, documents, documents, shards.size(), 0, shards.size(), List.of());
  }

  /**
   * Runs the function over the shards and checks all laws for which nothing more is needed.
   *
   * @param maker of fresh instances
   * @param shards at least two make merging mean something
   * @param seed of the groupings and orders that are tried; it stands in every error
   * @throws AssertionError naming the law that does not hold
   */
  public static <Q, P> void check(
      Supplier<? extends ScatterFunction<Q, P>> maker,
      ScatterRequest request,
      List<? extends Shard> shards,
      long seed) {
    of(maker, request, shards, seed).check();
  }

  /** As {@link #check(Supplier, ScatterRequest, List, long)}, with more to be said before. */
  public static <Q, P> ScatterLaws<Q, P> of(
      Supplier<? extends ScatterFunction<Q, P>> maker,
      ScatterRequest request,
      List<? extends Shard> shards,
      long seed) {
    return new ScatterLaws<>(maker, request, shards, seed);
  }

  /**
   * When two answers count as the same, for functions whose answers state an error: they agree if
   * both may be true.
   */
  public ScatterLaws<Q, P> agreeing(BiPredicate<@Nullable Object, @Nullable Object> agreement) {
    this.agreement = agreement;
    return this;
  }

  /** The same documents as in the shards, in any number of shards from 1 on. */
  public ScatterLaws<Q, P> cuts(IntFunction<? extends List<? extends Shard>> cuts) {
    this.cuts = cuts;
    return this;
  }

  /** What a planner knows of each of the shards, in their order. */
  public ScatterLaws<Q, P> summaries(List<? extends ShardSummary> summaries) {
    if (summaries.size() != shards.size()) {
      throw new IllegalArgumentException(
          "summaries: " + summaries.size() + " (expected: " + shards.size() + ")");
    }
    this.summaries = List.copyOf(summaries);
    return this;
  }

  /**
   * Checks the laws.
   *
   * @throws AssertionError naming the law that does not hold
   */
  public void check() {
    shards.forEach(shard -> encoded.add(node(List.of(shard))));
    codec();
    garbage();
    if (encoded.isEmpty()) {
      return;
    }
    var expected = finish(mergedInOrder(encoded));
    grouping(expected);
    idempotence();
    nodes(expected);
    mergers(expected);
    split(expected);
    skipping(expected);
    bounds(expected);
    trims(expected);
  }

  /** What a leaf with these shards answers. */
  private byte[] node(List<? extends Shard> local) {
    return node(local, request);
  }

  private byte[] node(List<? extends Shard> local, ScatterRequest asked) {
    var function = maker.get();
    var prepared = function.prepare(asked);
    try {
      P merged = null;
      for (var shard : local) {
        var partial = function.leaf(prepared, shard);
        merged = merged == null ? partial : function.merge(merged, partial);
      }
      if (merged == null) {
        throw new IllegalArgumentException("no shards");
      }
      return write(function.codec(), function.complete(prepared, merged));
    } catch (Exception e) {
      throw new AssertionError(
          "leaf of shards " + local.stream().map(Shard::number).toList() + " failed", e);
    }
  }

  private static <P> byte[] write(Codec<P> codec, P partial) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      codec.write(partial, out);
    } catch (IOException e) {
      throw new AssertionError("codec: writing failed", e);
    }
    return bytes.toByteArray();
  }

  /** A partial of its own for every use: merging uses them up. */
  private P partial(int index) {
    return read(root.codec(), encoded.get(index));
  }

  private P read(Codec<P> codec, byte[] bytes) {
    try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      var partial = codec.read(in);
      if (in.read() >= 0) {
        throw new AssertionError("codec: reading leaves bytes over" + seed);
      }
      return partial;
    } catch (IOException e) {
      throw new AssertionError("codec: reading what was written failed" + seed, e);
    }
  }

  private @Nullable Object finish(@Nullable P partial) {
    return root.finish(query, partial, coverage);
  }

  private P mergedInOrder(List<byte[]> partials) {
    var merged = read(root.codec(), partials.getFirst());
    for (var next : partials.subList(1, partials.size())) {
      merged = root.merge(merged, read(root.codec(), next));
    }
    return merged;
  }

  private boolean anyOrder() {
    return root.laws().contains(Law.COMMUTATIVE);
  }

  private void codec() {
    for (int i = 0; i < encoded.size(); i++) {
      var partial = partial(i);
      var expected = finish(partial);
      same("finish: a second one gives another answer", expected, finish(partial));
      same(
          "codec: a partial read twice gives another answer",
          expected,
          finish(read(root.codec(), write(root.codec(), partial))));
    }
  }

  private void grouping(@Nullable Object expected) {
    for (int round = 0; round < ROUNDS; round++) {
      var parts = new ArrayList<P>();
      for (int i = 0; i < encoded.size(); i++) {
        parts.add(partial(i));
      }
      if (anyOrder()) {
        Collections.shuffle(parts, random);
      }
      while (parts.size() > 1) {
        int at = random.nextInt(parts.size() - 1);
        var merged = root.merge(parts.get(at), parts.remove(at + 1));
        // Now and then over the wire, as in a tree.
        parts.set(
            at, random.nextInt(4) == 0 ? read(root.codec(), write(root.codec(), merged)) : merged);
      }
      same(
          anyOrder()
              ? "merge: another order or grouping gives another answer"
              : "merge: another grouping gives another answer",
          expected,
          finish(parts.getFirst()));
    }
  }

  private void idempotence() {
    if (!root.laws().contains(Law.IDEMPOTENT)) {
      return;
    }
    for (int i = 0; i < encoded.size(); i++) {
      same(
          "merge: a partial merged with itself gives another answer",
          finish(partial(i)),
          finish(root.merge(partial(i), partial(i))));
    }
  }

  /** Shards that share a node share an instance, and are completed together. */
  private void nodes(@Nullable Object expected) {
    for (int round = 0; round < MOST_CUTS; round++) {
      var order = new ArrayList<Shard>(shards);
      if (anyOrder()) {
        Collections.shuffle(order, random);
      }
      var nodes = new ArrayList<byte[]>();
      for (int from = 0; from < order.size(); ) {
        int to = from + 1 + random.nextInt(order.size() - from);
        nodes.add(node(order.subList(from, to)));
        from = to;
      }
      same(
          "migrate: shards on other nodes give another answer",
          expected,
          finish(mergedInOrder(nodes)));
    }
  }

  /** Every merge by another instance, as in a tree of coordinators. */
  private void mergers(@Nullable Object expected) {
    var merged = encoded.getFirst();
    for (var next : encoded.subList(1, encoded.size())) {
      var merger = maker.get();
      merger.prepare(request);
      merged =
          write(
              merger.codec(),
              merger.merge(read(merger.codec(), merged), read(merger.codec(), next)));
    }
    same(
        "migrate: merges by other instances give another answer",
        expected,
        finish(read(root.codec(), merged)));
  }

  private void split(@Nullable Object expected) {
    var cut = cuts;
    if (cut == null) {
      return;
    }
    for (int count = 1; count <= MOST_CUTS; count++) {
      var parts = new ArrayList<byte[]>();
      cut.apply(count).forEach(shard -> parts.add(node(List.of(shard))));
      same(
          "split: " + count + " shards give another answer",
          expected,
          finish(mergedInOrder(parts)));
    }
  }

  private void skipping(@Nullable Object expected) {
    var asked = new ArrayList<byte[]>();
    for (int i = 0; i < summaries.size(); i++) {
      if (root.canMatch(query, summaries.get(i))) {
        asked.add(encoded.get(i));
      }
    }
    if (asked.size() < summaries.size()) {
      same(
          "canMatch: the answer without the shards that are skipped is another one",
          expected,
          finish(asked.isEmpty() ? null : mergedInOrder(asked)));
    }
  }

  /** Some shards are heard first; what they say bounds the others. */
  private void bounds(@Nullable Object expected) {
    bounds(expected, false);
    bounds(expected, true);
  }

  /**
   * @param rising whether leaves may learn of it while they work
   */
  private void bounds(@Nullable Object expected, boolean rising) {
    for (int first = 1; first < encoded.size(); first++) {
      var merged = mergedInOrder(encoded.subList(0, first));
      var bound = root.bound(query, merged);
      if (bound.isEmpty()) {
        continue;
      }
      for (int i = first; i < shards.size(); i++) {
        var partial = bounded(shards.get(i), request, rising(bound.get(), rising));
        merged = root.merge(merged, read(root.codec(), partial));
        var raised = root.bound(query, merged);
        if (raised.isEmpty() || raised.get().compareTo(bound.get()) < 0) {
          throw new AssertionError(
              "bound: " + raised + " after a merge (expected: at least " + bound + ")" + seed);
        }
      }
      same("bound: leaves that heed it give another answer", expected, finish(merged));
    }
  }

  /** Shards are asked for fewer hits, and those that may lack some again for all. */
  private void trims(@Nullable Object expected) {
    if (!anyOrder() || !root.trims(query)) {
      return;
    }
    for (int k = 1; k < Math.min(request.k(), MOST_TRIMS); k++) {
      trims(expected, k, 0);
      trims(expected, k, 1 + random.nextInt(encoded.size()));
    }
  }

  /**
   * @param heard shards that were heard before, of all hits: what they say bounds the others
   */
  private void trims(@Nullable Object expected, int k, int heard) {
    var fewer =
        new ScatterRequest(
            request.query(),
            k,
            request.fields(),
            request.sort(),
            request.aggs(),
            request.highlight(),
            request.countUpTo(),
            request.args());
    var parts = new ArrayList<>(encoded.subList(0, heard));
    var bound = heard == 0 ? Optional.<Bound>empty() : root.bound(query, mergedInOrder(parts));
    var trimmed = new HashSet<Integer>();
    for (int i = heard; i < encoded.size(); i++) {
      parts.add(
          bound.isEmpty()
              ? node(List.of(shards.get(i)), fewer)
              : bounded(shards.get(i), fewer, rising(bound.get(), true)));
      trimmed.add(i);
    }
    while (true) {
      var merged = mergedInOrder(parts);
      var lacking =
          trimmed.stream()
              .filter(i -> root.lacks(query, merged, read(root.codec(), parts.get(i)), k))
              .toList();
      if (lacking.isEmpty()) {
        same("trims: leaves asked for " + k + " give another answer", expected, finish(merged));
        return;
      }
      cuts(merged, lacking.stream().map(parts::get).toList());
      lacking.forEach(i -> parts.set(i, encoded.get(i)));
      lacking.forEach(trimmed::remove);
    }
  }

  /** Where some lack something, what is shown is what would be there if they did not. */
  private void cuts(P merged, List<byte[]> lacking) {
    var before = finish(merged);
    var cut = merged;
    var whole = mergedInOrder(encoded);
    for (var one : lacking) {
      var trimmed = read(root.codec(), one);
      cut = root.cut(query, cut, trimmed);
      whole = root.cut(query, whole, trimmed);
    }
    same("cut: shows what does not hold", finish(whole), finish(cut));
    same("cut: changes what it was given", before, finish(merged));
    if (!root.lacks(query, cut, read(root.codec(), write(root.codec(), cut)), 0)) {
      throw new AssertionError("cut: what was cut elsewhere lacks nothing" + seed);
    }
  }

  /** Known from the first, or the so manyth question on. */
  private RisingBound rising(Bound bound, boolean later) {
    int late = later ? 1 + random.nextInt(4) : 0;
    int[] asked = {0};
    return () -> asked[0]++ < late ? Bound.NONE : bound;
  }

  private byte[] bounded(Shard shard, ScatterRequest asked, RisingBound bound) {
    var function = maker.get();
    var prepared = function.prepare(asked);
    try {
      var partial = function.leaf(prepared, shard, bound);
      return write(function.codec(), function.complete(prepared, partial));
    } catch (Exception e) {
      throw new AssertionError("leaf of shard " + shard.number() + " failed", e);
    }
  }

  /** Broken bytes end in an exception or in some partial, never in an error of the JVM. */
  private void garbage() {
    for (int round = 0; round < GARBAGE_ROUNDS && !encoded.isEmpty(); round++) {
      var broken = encoded.get(random.nextInt(encoded.size())).clone();
      for (int flips = random.nextInt(4); flips >= 0 && broken.length > 0; flips--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextBoolean() ? broken.length : random.nextInt(broken.length + 1);
      try (var in = new DataInputStream(new ByteArrayInputStream(broken, 0, length))) {
        var _ = root.codec().read(in);
      } catch (IOException | RuntimeException e) {
        // As it should be.
      } catch (Error e) {
        throw new AssertionError("codec: broken bytes end in an error" + seed, e);
      }
    }
  }

  private void same(String law, @Nullable Object expected, @Nullable Object actual) {
    if (!agreement.test(expected, actual)) {
      throw new AssertionError(law + seed + ": " + actual + " (expected: " + expected + ")");
    }
  }
}
