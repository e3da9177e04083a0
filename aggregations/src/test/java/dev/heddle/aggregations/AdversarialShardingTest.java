package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Terms over shards that were cut to hurt: values that are frequent over all and just below the cut
 * on each shard, values on one shard only, ties everywhere; cut on segments, leaves and mid-tiers
 * alike. No bound may ever be wrong.
 */
final class AdversarialShardingTest {
  private final long seed = new Random().nextLong();

  @Test
  void boundsHoldOnAThousandShardings() {
    shardings(1_000);
  }

  @Test
  @Tag("chaos")
  void boundsHoldOnTwentyThousandShardings() {
    shardings(20_000);
  }

  private void shardings(int rounds) {
    long approximate = 0;
    for (int round = 0; round < rounds; round++) {
      approximate += new Sharding(seed + round).check() ? 1 : 0;
    }
    // Else nothing was tested.
    assertTrue(approximate > rounds / 2, "only " + approximate + " of " + rounds + " were cut");
  }

  private static final class Sharding {
    private final Random random;
    private final String message;
    private final int values;
    private final int keep;
    private final long[] truth;

    Sharding(long seed) {
      this.random = new Random(seed);
      this.message = "seed " + seed;
      this.values = 2 + random.nextInt(60);
      this.keep = 1 + random.nextInt(12);
      this.truth = new long[values];
    }

    /** Whether anything had been cut off. */
    boolean check() {
      var parts = new ArrayList<BucketsPartial>();
      int shape = random.nextInt(4);
      for (int shard = 1 + random.nextInt(12); shard > 0; shard--) {
        parts.add(shard(shape, shard));
      }
      while (parts.size() > 1) {
        int at = random.nextInt(parts.size() - 1);
        var merged = BucketsPartial.merge(parts.get(at), parts.remove(at + 1));
        parts.set(at, random.nextInt(3) == 0 ? merged.cut(1 + random.nextInt(2 * keep)) : merged);
      }
      int size = 1 + random.nextInt(keep);
      var result =
          (Buckets)
              AggregationAnswer.of(
                  new NamedAggregation("x", new Aggregation.Terms("tag", size), List.of()),
                  parts.getFirst());
      checkBounds(result);
      return result.errorBound() > 0 || parts.getFirst().unseen() > 0;
    }

    private BucketsPartial shard(int shape, int shard) {
      var counts = new long[values];
      for (int value = 0; value < values; value++) {
        counts[value] =
            switch (shape) {
              // One that is second everywhere beats all that are first once.
              case 0 -> value == 0 ? 9 : value % 12 == shard ? 10 : random.nextInt(9);
              // All the same.
              case 1 -> 5;
              // Few large, many small.
              case 2 -> (long) Math.pow(random.nextDouble() * 6, 4);
              default -> random.nextInt(4) == 0 ? random.nextInt(1_000) : 0;
            };
        truth[value] += counts[value];
      }
      return segments(counts);
    }

    /** The shard's counts, spread over segments that are cut by themselves. */
    private BucketsPartial segments(long[] counts) {
      var rest = counts.clone();
      BucketsPartial sum = BucketsPartial.empty(Keys.Text.NONE);
      for (int segment = random.nextInt(3); segment >= 0; segment--) {
        var part = new long[values];
        for (int value = 0; value < values; value++) {
          part[value] = segment == 0 ? rest[value] : random.nextLong(rest[value] + 1);
          rest[value] -= part[value];
        }
        var counted = of(part);
        sum = BucketsPartial.merge(sum, random.nextBoolean() ? counted.cut(keep) : counted);
      }
      return random.nextInt(4) == 0 ? sum : sum.cut(keep);
    }

    private BucketsPartial of(long[] counts) {
      var terms = new ArrayList<String>();
      var kept = new long[counts.length];
      for (int value = 0; value < counts.length; value++) {
        if (counts[value] > 0) {
          kept[terms.size()] = counts[value];
          terms.add("t%03d".formatted(value));
        }
      }
      return BucketsPartial.exact(
          new Keys.Text(terms.toArray(new String[0])), Arrays.copyOf(kept, terms.size()));
    }

    private void checkBounds(Buckets result) {
      var shown = new boolean[values];
      long sum = 0;
      for (var bucket : result.buckets()) {
        int value = Integer.parseInt(bucket.key().substring(1));
        shown[value] = true;
        sum += bucket.count();
        assertTrue(bucket.count() <= truth[value], message);
        assertTrue(truth[value] <= bucket.upper(), message);
        assertTrue(bucket.upper() - bucket.count() <= result.errorBound(), message);
      }
      for (int value = 0; value < values; value++) {
        assertTrue(shown[value] || truth[value] <= result.unseenBound(), message);
      }
      assertEquals(Arrays.stream(truth).sum() - sum, result.other(), message);
    }
  }
}
