package dev.heddle.loadtest.measure;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleUnaryOperator;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Times as a histogram with three significant digits, from 1 ns to one hour. Recorders add up
 * exactly: the sum of several is what one recorder of all their times would be, also after a
 * journey to another process as {@link #encoded} text. Owned by one thread.
 *
 * <p>It records what it is given. In a closed loop, where a client asks again only when it was
 * answered, a stall delays the requests behind it without counting against them: such percentiles
 * hold for that number of clients, not for a given rate of arrivals.
 */
public final class LatencyRecorder {
  private static final long MAX_NANOS = TimeUnit.HOURS.toNanos(1);
  private static final int DIGITS = 3;

  private final Histogram histogram;

  public LatencyRecorder() {
    this(new Histogram(MAX_NANOS, DIGITS));
  }

  private LatencyRecorder(Histogram histogram) {
    this.histogram = histogram;
  }

  /** Counts one time; beyond an hour it counts as an hour. */
  public void record(long nanos) {
    if (nanos < 0) {
      throw new IllegalArgumentException("nanos: " + nanos + " (expected: >= 0)");
    }
    histogram.recordValue(Math.min(nanos, MAX_NANOS));
  }

  /** Adds all that the other has counted; the other stays as it is. */
  public void add(LatencyRecorder other) {
    histogram.add(other.histogram);
  }

  /** What was recorded up to now. */
  public Percentiles percentiles() {
    return histogram.getTotalCount() == 0
        ? Percentiles.NONE
        : new Percentiles(
            histogram.getTotalCount(),
            micros(histogram.getMinValue()),
            histogram.getMean() / 1_000,
            micros(histogram.getValueAtPercentile(50)),
            micros(histogram.getValueAtPercentile(90)),
            micros(histogram.getValueAtPercentile(99)),
            micros(histogram.getValueAtPercentile(99.9)),
            micros(histogram.getMaxValue()));
  }

  /** Times recorded. */
  public long count() {
    return histogram.getTotalCount();
  }

  /**
   * The time that this share of all was not longer than, in microseconds; 0 where nothing was
   * recorded.
   *
   * @param quantile 0..1
   */
  public double quantileMicros(double quantile) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new IllegalArgumentException("quantile: " + quantile + " (expected: 0..1)");
    }
    return count() == 0 ? 0 : micros(histogram.getValueAtPercentile(100 * quantile));
  }

  /** What {@link #quantileMicros} gives for what was recorded up to now, faster for many calls. */
  public DoubleUnaryOperator quantiles() {
    var values = new ArrayList<Double>();
    var counts = new ArrayList<Long>();
    for (var each : histogram.recordedValues()) {
      values.add(micros(histogram.highestEquivalentValue(each.getValueIteratedTo())));
      counts.add(each.getTotalCountToThisValue());
    }
    var sums = counts.stream().mapToLong(Long::longValue).toArray();
    double count = histogram.getTotalCount();
    return quantile -> {
      if (sums.length == 0) {
        return 0;
      }
      long rank = Math.max(1, (long) Math.ceil(quantile * count - 1e-6));
      int at = Arrays.binarySearch(sums, rank);
      return values.get(Math.min(at < 0 ? -at - 1 : at, sums.length - 1));
    };
  }

  private static double micros(long nanos) {
    return nanos / 1e3;
  }

  /** The whole histogram as Base64 of HdrHistogram's compressed form, values in nanoseconds. */
  public String encoded() {
    var bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(bytes);
    return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
  }

  /**
   * A recorder that holds what the encoded one held, and can go on.
   *
   * @throws IllegalArgumentException if the text is no encoded histogram of this shape
   */
  public static LatencyRecorder decode(String encoded) {
    try {
      var bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
      var histogram = Histogram.decodeFromCompressedByteBuffer(bytes, MAX_NANOS);
      if (histogram.getNumberOfSignificantValueDigits() == DIGITS) {
        var recorder = new LatencyRecorder();
        recorder.histogram.add(histogram);
        return recorder;
      }
    } catch (DataFormatException | RuntimeException e) {
      throw new IllegalArgumentException(unreadable(encoded), e);
    }
    throw new IllegalArgumentException(unreadable(encoded));
  }

  private static String unreadable(String encoded) {
    return "histogram: "
        + encoded.substring(0, Math.min(24, encoded.length()))
        + " (expected: an encoded histogram with "
        + DIGITS
        + " digits)";
  }

  /** Whether the other has counted the same times equally often. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LatencyRecorder recorder && histogram.equals(recorder.histogram);
  }

  @Override
  public int hashCode() {
    return histogram.hashCode();
  }
}
