package dev.heddle.function.testkit;

import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks that a scatter function may be run as the platform runs it: partials computed on several
 * nodes, sent as bytes, merged in any grouping (and, where declared, in any order) by another
 * instance, and finished more than once. The answer must always be the same; numbers may differ in
 * their last digits, for a sum of fractions depends on its order.
 *
 * <pre>{@code
 * ScatterLaws.check(RelatedTopics::new, request, List.of(shard0, shard1, shard2), seed);
 * }</pre>
 */
public final class ScatterLaws<Q, P> {
  private static final int ROUNDS = 50;
  private static final int GARBAGE_ROUNDS = 500;
  private static final double TOLERANCE = 1e-6;

  private final ScatterFunction<Q, P> function;
  private final Q query;
  private final Coverage coverage;
  private final List<byte[]> encoded;
  private final Random random;
  private final String seed;

  private ScatterLaws(
      ScatterFunction<Q, P> function, Q query, Coverage coverage, List<byte[]> encoded, long seed) {
    this.function = function;
    this.query = query;
    this.coverage = coverage;
    this.encoded = encoded;
    this.random = new Random(seed);
    this.seed = " (seed " + seed + ")";
  }

  /**
   * Runs the function over the shards, one node each, and checks all its laws.
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
    var encoded = new ArrayList<byte[]>();
    long documents = 0;
    for (var shard : shards) {
      encoded.add(leaf(maker.get(), request, shard));
      documents += shard.documents();
    }
    var coverage =
        new Coverage(documents, documents, documents, shards.size(), 0, shards.size(), List.of());
    // As a coordinator: an instance that has never seen a shard.
    var root = maker.get();
    var laws = new ScatterLaws<Q, P>(root, root.prepare(request), coverage, encoded, seed);
    laws.codec();
    laws.grouping();
    laws.idempotence();
    laws.garbage();
  }

  private static <Q, P> byte[] leaf(
      ScatterFunction<Q, P> function, ScatterRequest request, Shard shard) {
    var query = function.prepare(request);
    try {
      return write(function.codec(), function.complete(query, function.leaf(query, shard)));
    } catch (Exception e) {
      throw new AssertionError("leaf of shard " + shard.number() + " failed", e);
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
    return read(encoded.get(index));
  }

  private P read(byte[] bytes) {
    try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      var partial = function.codec().read(in);
      if (in.read() >= 0) {
        throw new AssertionError("codec: reading leaves bytes over" + seed);
      }
      return partial;
    } catch (IOException e) {
      throw new AssertionError("codec: reading what was written failed" + seed, e);
    }
  }

  private @Nullable Object finish(P partial) {
    return function.finish(query, partial, coverage);
  }

  private void codec() {
    for (int i = 0; i < encoded.size(); i++) {
      var partial = partial(i);
      var expected = finish(partial);
      same("finish: a second one gives another answer", expected, finish(partial));
      same(
          "codec: a partial read twice gives another answer",
          expected,
          finish(read(write(function.codec(), partial))));
    }
  }

  private void grouping() {
    boolean anyOrder = function.laws().contains(Law.COMMUTATIVE);
    var inOrder = new ArrayList<P>();
    for (int i = 0; i < encoded.size(); i++) {
      inOrder.add(partial(i));
    }
    if (inOrder.isEmpty()) {
      return;
    }
    var left = inOrder.getFirst();
    for (int i = 1; i < inOrder.size(); i++) {
      left = function.merge(left, inOrder.get(i));
    }
    var expected = finish(left);
    for (int round = 0; round < ROUNDS; round++) {
      var parts = new ArrayList<P>();
      for (int i = 0; i < encoded.size(); i++) {
        parts.add(partial(i));
      }
      if (anyOrder) {
        Collections.shuffle(parts, random);
      }
      while (parts.size() > 1) {
        int at = random.nextInt(parts.size() - 1);
        var merged = function.merge(parts.get(at), parts.remove(at + 1));
        // Now and then over the wire, as in a tree.
        parts.set(at, random.nextInt(4) == 0 ? read(write(function.codec(), merged)) : merged);
      }
      same(
          anyOrder
              ? "merge: another order or grouping gives another answer"
              : "merge: another grouping gives another answer",
          expected,
          finish(parts.getFirst()));
    }
  }

  private void idempotence() {
    if (!function.laws().contains(Law.IDEMPOTENT)) {
      return;
    }
    for (int i = 0; i < encoded.size(); i++) {
      same(
          "merge: a partial merged with itself gives another answer",
          finish(partial(i)),
          finish(function.merge(partial(i), partial(i))));
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
        var _ = function.codec().read(in);
      } catch (IOException | RuntimeException e) {
        // As it should be.
      } catch (Error e) {
        throw new AssertionError("codec: broken bytes end in an error" + seed, e);
      }
    }
  }

  private void same(String law, @Nullable Object expected, @Nullable Object actual) {
    if (!same(expected, actual)) {
      throw new AssertionError(law + seed + ": " + actual + " (expected: " + expected + ")");
    }
  }

  private static boolean same(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      double difference = Math.abs(x.doubleValue() - y.doubleValue());
      return difference <= TOLERANCE * Math.max(1, Math.abs(x.doubleValue())) || x.equals(y);
    }
    if (a instanceof JsonObject x && b instanceof JsonObject y) {
      return same(x.asMap(), y.asMap());
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.keySet().equals(y.keySet())
          && x.keySet().stream().allMatch(name -> same(x.get(name), y.get(name)));
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() != y.size()) {
        return false;
      }
      for (int i = 0; i < x.size(); i++) {
        if (!same(x.get(i), y.get(i))) {
          return false;
        }
      }
      return true;
    }
    return Objects.equals(a, b);
  }
}
