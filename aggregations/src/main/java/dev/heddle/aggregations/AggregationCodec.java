package dev.heddle.aggregations;

import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Binary;
import dev.heddle.function.Sort;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Figures of one query in bytes. Keys that are numbers are written as differences; errors only
 * where there may be some. Reading accepts nothing that this query could not have produced, and
 * takes memory only as bytes arrive.
 */
final class AggregationCodec {
  private static final int MAX_KEY_BYTES = 64 * 1024;
  private static final int MAX_BUCKETS = 4_000_000;

  /** Inner figures of one aggregation: each may be some hundred bytes however short it came. */
  private static final int MAX_INNER_FIGURES = 1 << 18;

  /** Arrays start no longer than this, and grow only as elements really arrive. */
  private static final int FIRST_ELEMENTS = 1_024;

  private AggregationCodec() {}

  static long readCount(DataInput in) throws IOException {
    long count = Binary.readUnsigned(in);
    if (count < 0) {
      throw new IOException("count: " + Long.toUnsignedString(count) + " (expected: 63 bits)");
    }
    return count;
  }

  static void write(AggregationPartial partial, DataOutput out) throws IOException {
    switch (partial) {
      case BucketsPartial buckets -> writeBuckets(buckets, out);
      case CardinalityPartial cardinality -> Binary.writeBytes(cardinality.toBytes(), out);
      case QuantilesPartial quantiles -> {
        quantiles.kind().write(out);
        Binary.writeBytes(quantiles.toBytes(), out);
      }
      case StatsPartial stats -> stats.write(out);
      case HitsPartial hits -> HitCodec.write(hits.hits(), out);
    }
  }

  static AggregationPartial read(NamedAggregation named, DataInput in) throws IOException {
    return switch (named.aggregation()) {
      case Aggregation.Terms terms -> readBuckets(named, true, -1, in);
      case Aggregation.GeoGrid grid -> readBuckets(named, false, -1, in);
      case Aggregation.Histogram histogram -> readBuckets(named, false, -1, in);
      case Aggregation.DateHistogram histogram -> readBuckets(named, false, -1, in);
      case Aggregation.Ranges ranges -> readBuckets(named, false, ranges.buckets().size(), in);
      case Aggregation.Cardinality cardinality ->
          CardinalityPartial.of(
              CardinalityPartial.lgK(cardinality.error()),
              Binary.readBytes(in, CardinalityPartial.maxBytes(cardinality.error())));
      case Aggregation.Quantiles quantiles -> readQuantiles(quantiles, in);
      case Aggregation.Stats stats -> StatsPartial.read(in);
      case Aggregation.TopHits hits ->
          new HitsPartial(
              HitCodec.read(hits.size(), hits.sort().size(), in),
              new HitOrder(hits.sort()),
              hits.size());
    };
  }

  private static QuantilesPartial readQuantiles(Aggregation.Quantiles quantiles, DataInput in)
      throws IOException {
    var kind = ValueKind.read(in);
    var image = Binary.readBytes(in, QuantilesPartial.maxBytes(quantiles.error()));
    return QuantilesPartial.of(QuantilesPartial.k(quantiles.error()), kind, image);
  }

  private static void writeBuckets(BucketsPartial partial, DataOutput out) throws IOException {
    boolean exact = partial.unseen() == 0 && Arrays.stream(partial.errors()).allMatch(e -> e == 0);
    Binary.writeUnsigned(partial.total(), out);
    out.writeBoolean(exact);
    if (!exact) {
      Binary.writeUnsigned(partial.unseen(), out);
    }
    Binary.writeUnsigned(partial.size(), out);
    long before = 0;
    for (int i = 0; i < partial.size(); i++) {
      switch (partial.keys()) {
        case Keys.Text text -> Binary.writeString(text.values()[i], out);
        case Keys.Numbers numbers -> {
          Binary.writeSigned(numbers.values()[i] - before, out);
          before = numbers.values()[i];
        }
      }
      Binary.writeUnsigned(partial.counts()[i], out);
      if (!exact) {
        Binary.writeUnsigned(partial.errors()[i], out);
      }
      if (partial.inner().length > 0) {
        for (var figure : partial.inner()[i]) {
          write(figure, out);
        }
      }
    }
  }

  /**
   * Reads buckets.
   *
   * @param fixed how many there must be; -1: any number
   */
  private static BucketsPartial readBuckets(
      NamedAggregation named, boolean text, int fixed, DataInput in) throws IOException {
    long total = readCount(in);
    boolean exact = in.readBoolean();
    long unseen = exact ? 0 : readCount(in);
    int inner = named.inner().size();
    int size = Binary.readCount(in, inner == 0 ? MAX_BUCKETS : MAX_INNER_FIGURES / inner);
    if (fixed >= 0 && size != fixed) {
      throw new IOException("buckets: " + size + " (expected: " + fixed + ")");
    }
    int capacity = Math.min(size, FIRST_ELEMENTS);
    var counts = new long[capacity];
    var errors = new long[capacity];
    var terms = new ArrayList<String>(text ? capacity : 0);
    var numbers = new long[text ? 0 : capacity];
    var rows = new ArrayList<AggregationPartial[]>(inner == 0 ? 0 : capacity);
    for (int i = 0; i < size; i++) {
      if (i == counts.length) {
        int larger = (int) Math.min(size, 2L * i);
        counts = Arrays.copyOf(counts, larger);
        errors = Arrays.copyOf(errors, larger);
        numbers = text ? numbers : Arrays.copyOf(numbers, larger);
      }
      if (text) {
        terms.add(readTerm(i == 0 ? null : terms.get(i - 1), in));
      } else {
        numbers[i] = readNumber(i == 0 ? 0 : numbers[i - 1], i == 0, fixed, in);
      }
      counts[i] = readCount(in);
      errors[i] = exact ? 0 : readCount(in);
      if (inner > 0) {
        rows.add(readRow(named, in));
      }
    }
    return new BucketsPartial(
        text ? new Keys.Text(terms.toArray(new String[0])) : new Keys.Numbers(numbers),
        counts,
        errors,
        unseen,
        total,
        rows.toArray(BucketsPartial.NO_ROWS));
  }

  private static AggregationPartial[] readRow(NamedAggregation named, DataInput in)
      throws IOException {
    var row = new AggregationPartial[named.inner().size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = read(named.inner().get(i), in);
    }
    return row;
  }

  private static String readTerm(@Nullable String before, DataInput in) throws IOException {
    var term = Binary.readString(in, MAX_KEY_BYTES);
    if (before != null && Sort.compareText(before, term) >= 0) {
      throw new IOException("terms: not in order");
    }
    return term;
  }

  private static long readNumber(long before, boolean first, int fixed, DataInput in)
      throws IOException {
    long number = before + Binary.readSigned(in);
    if ((!first && number <= before) || (fixed >= 0 && (number < 0 || number >= fixed))) {
      throw new IOException("buckets: not in order");
    }
    return number;
  }
}
