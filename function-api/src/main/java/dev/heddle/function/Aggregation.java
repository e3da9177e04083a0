package dev.heddle.function;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A figure over the documents that match. */
public sealed interface Aggregation {
  String field();

  /**
   * The most frequent values of a keyword field.
   *
   * @param size values wanted, 1..1,000
   */
  record Terms(String field, int size) implements Aggregation {
    public static final int MAX_SIZE = 1_000;

    public Terms {
      if (size < 1 || size > MAX_SIZE) {
        throw new BadRequestException("size: " + size + " (expected: 1.." + MAX_SIZE + ")");
      }
    }
  }

  /** Documents in each range of a long, double or date field; ranges may overlap. */
  record Ranges(String field, List<Bucket> buckets) implements Aggregation {
    public static final int MAX_BUCKETS = 1_000;

    public Ranges {
      buckets = List.copyOf(buckets);
      if (buckets.isEmpty() || buckets.size() > MAX_BUCKETS) {
        throw new BadRequestException(
            "ranges: " + buckets.size() + " (expected: 1.." + MAX_BUCKETS + ")");
      }
    }

    /**
     * One range.
     *
     * @param from inclusive; null: open. A Long, Double, or ISO-8601 String for dates
     * @param to exclusive; null: open
     */
    public record Bucket(String key, @Nullable Object from, @Nullable Object to) {}
  }
}
