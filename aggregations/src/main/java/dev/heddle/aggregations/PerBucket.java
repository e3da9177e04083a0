package dev.heddle.aggregations;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a tally holds for each bucket, made when a bucket has its first value.
 *
 * @param <T> what it holds
 */
final class PerBucket<T> {
  private final Supplier<T> fresh;
  private @Nullable Object[] all = new Object[1];

  PerBucket(Supplier<T> fresh) {
    this.fresh = fresh;
  }

  T of(int bucket) {
    if (bucket >= all.length) {
      all = Arrays.copyOf(all, Math.max(bucket + 1, 2 * all.length));
    }
    var known = known(bucket);
    if (known == null) {
      known = fresh.get();
      all[bucket] = known;
    }
    return known;
  }

  /** Null: the bucket has had no value. */
  @SuppressWarnings("unchecked")
  @Nullable T known(int bucket) {
    return bucket < all.length ? (T) all[bucket] : null;
  }
}
