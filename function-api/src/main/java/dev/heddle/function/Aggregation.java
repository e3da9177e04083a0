package dev.heddle.function;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A figure over the documents that match. Those that sort documents into buckets may hold others,
 * which are then made for each bucket; one level deep.
 */
public sealed interface Aggregation {
  /** Aggregations within one bucket aggregation. */
  int MAX_INNER = 8;

  /** The longest fixed step of a date histogram: some thousand years. */
  Duration MAX_FIXED = Duration.ofDays(366_000);

  /** The field that it looks at; empty for {@link TopHits}. */
  String field();

  /** The figures of each bucket, by name; empty for what makes no buckets. */
  default Map<String, Aggregation> inner() {
    return Map.of();
  }

  /** How many documents have each value of a keyword field: the most frequent values. */
  record Terms(String field, int size, Map<String, Aggregation> inner) implements Aggregation {
    public static final int MAX_SIZE = 1_000;

    /**
     * Checks the size.
     *
     * @param size values wanted, 1..1,000
     */
    public Terms {
      within("size", size, 1, MAX_SIZE);
      inner = checkedInner(inner);
    }

    public Terms(String field, int size) {
      this(field, size, Map.of());
    }
  }

  /** Documents in each range of a long, double or date field; ranges may overlap. */
  record Ranges(String field, List<Bucket> buckets, Map<String, Aggregation> inner)
      implements Aggregation {
    public static final int MAX_BUCKETS = 1_000;

    public Ranges {
      buckets = List.copyOf(buckets);
      if (buckets.isEmpty() || buckets.size() > MAX_BUCKETS) {
        throw new BadRequestException(
            "ranges: " + buckets.size() + " (expected: 1.." + MAX_BUCKETS + ")");
      }
      inner = checkedInner(inner);
    }

    public Ranges(String field, List<Bucket> buckets) {
      this(field, buckets, Map.of());
    }

    /**
     * One range.
     *
     * @param from inclusive; null: open. A Long, Double, or ISO-8601 String for dates
     * @param to exclusive; null: open
     */
    public record Bucket(String key, @Nullable Object from, @Nullable Object to) {}
  }

  /**
   * Documents by equal steps of a long or double field: a value v is in the bucket that begins at
   * {@code offset + interval * floor((v - offset) / interval)}.
   */
  record Histogram(String field, double interval, double offset, Map<String, Aggregation> inner)
      implements Aggregation {
    public Histogram {
      if (!(interval > 0 && Double.isFinite(interval))) {
        throw new BadRequestException("interval: " + interval + " (expected: a number above 0)");
      }
      if (!Double.isFinite(offset)) {
        throw new BadRequestException("offset: " + offset + " (expected: a number)");
      }
      inner = checkedInner(inner);
    }

    public Histogram(String field, double interval) {
      this(field, interval, 0, Map.of());
    }
  }

  /** Documents of a date field by time. */
  record DateHistogram(String field, Step step, Map<String, Aggregation> inner)
      implements Aggregation {
    public DateHistogram {
      inner = checkedInner(inner);
    }

    public DateHistogram(String field, Step step) {
      this(field, step, Map.of());
    }
  }

  /** How long the buckets of a date histogram are. */
  sealed interface Step {
    /** Units of the calendar in a time zone: days have 23 to 25 hours, months 28 to 31 days. */
    record Calendar(Unit unit, ZoneId zone) implements Step {
      /** A calendar step in a zone by its name, such as {@code Europe/Berlin} or {@code +01:00}. */
      public static Calendar of(Unit unit, String zone) {
        try {
          return new Calendar(unit, ZoneId.of(zone));
        } catch (DateTimeException e) {
          throw new BadRequestException(
              "zone: "
                  + zone
                  + " (expected: a time zone such as UTC, Europe/Berlin or +01:00)");
        }
      }
    }

    /** Always the same length; buckets begin at the offset from 1970-01-01T00:00:00Z. */
    record Fixed(Duration length, Duration offset) implements Step {
      public Fixed {
        if (length.compareTo(MAX_FIXED) > 0
            || length.toMillis() < 1
            || !length.equals(Duration.ofMillis(length.toMillis()))) {
          throw new BadRequestException(
              "fixed: " + length + " (expected: whole milliseconds, at least one)");
        }
        if (offset.abs().compareTo(length) >= 0) {
          throw new BadRequestException(
              "offset: " + offset + " (expected: less than the length, " + length + ")");
        }
      }
    }
  }

  /** Units of the calendar; weeks begin on Monday. */
  enum Unit {
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH,
    QUARTER,
    YEAR
  }

  /**
   * Documents of a point field by tile of the web map (Web Mercator), the tiles with most of them.
   */
  record GeoGrid(String field, int zoom, int size, Map<String, Aggregation> inner)
      implements Aggregation {
    public static final int MAX_ZOOM = 24;
    public static final int MAX_SIZE = 10_000;

    /**
     * Checks the numbers.
     *
     * @param zoom the world is 2^zoom tiles wide and high, 0..24
     * @param size tiles wanted, 1..10,000
     */
    public GeoGrid {
      within("zoom", zoom, 0, MAX_ZOOM);
      within("size", size, 1, MAX_SIZE);
      inner = checkedInner(inner);
    }

    public GeoGrid(String field, int zoom, int size) {
      this(field, zoom, size, Map.of());
    }
  }

  /**
   * How many different values a keyword, long, double or date field has, by HyperLogLog.
   *
   * @param error wanted standard error, relative, 0.005..0.25
   */
  record Cardinality(String field, double error) implements Aggregation {
    public static final double MIN_ERROR = 0.005;
    public static final double MAX_ERROR = 0.25;

    public Cardinality {
      within("error", error, MIN_ERROR, MAX_ERROR);
    }
  }

  /**
   * Values of a long, double or date field below which given shares of its values lie, by a KLL
   * sketch.
   *
   * @param percents 0..100, 1 to 100 of them
   * @param error wanted error in rank, as a share of all values, 0.001..0.1
   */
  record Quantiles(String field, List<Double> percents, double error) implements Aggregation {
    public static final int MAX_PERCENTS = 100;
    public static final double MIN_ERROR = 0.001;
    public static final double MAX_ERROR = 0.1;

    public Quantiles {
      percents = List.copyOf(percents);
      if (percents.isEmpty() || percents.size() > MAX_PERCENTS) {
        throw new BadRequestException(
            "percents: " + percents.size() + " numbers (expected: 1.." + MAX_PERCENTS + ")");
      }
      for (double percent : percents) {
        within("percents", percent, 0, 100);
      }
      within("error", error, MIN_ERROR, MAX_ERROR);
    }
  }

  /** Count, sum, mean and extremes of a long, double or date field; exact in any order. */
  record Stats(String field) implements Aggregation {}

  /**
   * The best documents of each bucket; only within an aggregation that makes buckets.
   *
   * @param size documents wanted, 1..100
   * @param sort at most {@link #MAX_SORTS} of long, double and date fields and {@link Sort#SCORE};
   *     empty: by score, best first. Ties by id, ascending
   * @param fields stored fields to return; empty: all
   */
  record TopHits(int size, List<Sort> sort, List<String> fields) implements Aggregation {
    public static final int MAX_SIZE = 100;
    public static final int MAX_SORTS = 3;

    public TopHits {
      within("size", size, 1, MAX_SIZE);
      sort = List.copyOf(sort);
      if (sort.size() > MAX_SORTS) {
        throw new BadRequestException(
            "sort: " + sort.size() + " keys (expected: at most " + MAX_SORTS + ")");
      }
      fields = List.copyOf(fields);
    }

    @Override
    public String field() {
      return "";
    }
  }

  private static void within(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new BadRequestException(
          name + ": " + value + " (expected: " + least + ".." + most + ")");
    }
  }

  private static void within(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new BadRequestException(
          name + ": " + value + " (expected: " + least + ".." + most + ")");
    }
  }

  private static Map<String, Aggregation> checkedInner(Map<String, Aggregation> inner) {
    if (inner.size() > MAX_INNER) {
      throw new BadRequestException(
          "aggs: " + inner.size() + " within one (expected: at most " + MAX_INNER + ")");
    }
    inner.forEach((name, aggregation) -> {
      if (!aggregation.inner().isEmpty()) {
        throw new BadRequestException(
            "aggs." + name + ".aggs: a third level (expected: at most one level within another)");
      }
    });
    return Collections.unmodifiableMap(new LinkedHashMap<>(inner));
  }
}
