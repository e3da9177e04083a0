package dev.heddle.aggregations;

import dev.heddle.function.Binary;
import dev.heddle.function.HeapSize;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigInteger;

/** Count, sum and extremes of some values; nothing is rounded before the answer. */
sealed interface StatsPartial extends AggregationPartial {
  /** Of no values. */
  StatsPartial EMPTY = new None();

  AggregationResult.Stats result();

  void write(DataOutput out) throws IOException;

  static StatsPartial merge(StatsPartial a, StatsPartial b) {
    return switch (a) {
      case None none -> b;
      case Longs x when b instanceof Longs y -> x.with(y);
      case Doubles x when b instanceof Doubles y -> x.with(y);
      case Longs x when b instanceof None -> x;
      case Doubles x when b instanceof None -> x;
      default -> throw new IllegalArgumentException("statistics of different kinds of fields");
    };
  }

  static StatsPartial read(DataInput in) throws IOException {
    var kind = ValueKind.read(in);
    if (kind == ValueKind.NONE) {
      return EMPTY;
    }
    long count = Binary.readUnsigned(in);
    if (count <= 0) {
      throw new IOException("statistics: " + count + " values (expected: 1 or more)");
    }
    return kind == ValueKind.DOUBLE ? Doubles.read(count, in) : Longs.read(kind, count, in);
  }

  /** Of no values. */
  record None() implements StatsPartial {
    /** There is only one. */
    @Override
    public long weight() {
      return 0;
    }

    @Override
    public AggregationResult.Stats result() {
      return new AggregationResult.Stats(0, null, null, null, null);
    }

    @Override
    public void write(DataOutput out) throws IOException {
      ValueKind.NONE.write(out);
    }
  }

  /**
   * Of longs or dates.
   *
   * @param high the sum's upper 64 bits
   * @param low its lower ones
   */
  record Longs(ValueKind kind, long count, long min, long max, long high, long low)
      implements StatsPartial {
    private static final int WORD = 64;
    private static final long OWN = HeapSize.object(HeapSize.REFERENCE + 5 * Long.BYTES);

    @Override
    public long weight() {
      return OWN;
    }

    Longs with(Longs other) {
      long sum = low + other.low;
      long carry = Long.compareUnsigned(sum, low) < 0 ? 1 : 0;
      return new Longs(
          kind,
          count + other.count,
          Math.min(min, other.min),
          Math.max(max, other.max),
          high + other.high + carry,
          sum);
    }

    @Override
    public AggregationResult.Stats result() {
      var sum =
          BigInteger.valueOf(high).shiftLeft(WORD).add(new BigInteger(Long.toUnsignedString(low)));
      double mean = sum.doubleValue() / count;
      if (kind == ValueKind.DATE) {
        // A sum of dates means nothing.
        return new AggregationResult.Stats(
            count, ValueKind.date(min), ValueKind.date(max), null, kind.value(mean));
      }
      Object shown = sum.bitLength() < WORD ? (Object) sum.longValueExact() : sum.doubleValue();
      return new AggregationResult.Stats(count, min, max, shown, mean);
    }

    @Override
    public void write(DataOutput out) throws IOException {
      kind.write(out);
      Binary.writeUnsigned(count, out);
      Binary.writeSigned(min, out);
      Binary.writeSigned(max, out);
      Binary.writeSigned(high, out);
      Binary.writeSigned(low, out);
    }

    private static Longs read(ValueKind kind, long count, DataInput in) throws IOException {
      long min = Binary.readSigned(in);
      long max = Binary.readSigned(in);
      long high = Binary.readSigned(in);
      long low = Binary.readSigned(in);
      if (min > max) {
        throw new IOException("statistics: " + min + " to " + max + " (expected: least first)");
      }
      return new Longs(kind, count, min, max, high, low);
    }
  }

  /** Of doubles. */
  record Doubles(long count, double min, double max, ExactSum sum) implements StatsPartial {
    private static final long OWN =
        HeapSize.object(HeapSize.REFERENCE + Long.BYTES + 2 * Double.BYTES);

    @Override
    public long weight() {
      return OWN + sum.weight();
    }

    Doubles with(Doubles other) {
      sum.add(other.sum);
      return new Doubles(
          count + other.count, Math.min(min, other.min), Math.max(max, other.max), sum);
    }

    @Override
    public AggregationResult.Stats result() {
      double total = sum.value();
      return new AggregationResult.Stats(count, min, max, total, total / count);
    }

    @Override
    public void write(DataOutput out) throws IOException {
      ValueKind.DOUBLE.write(out);
      Binary.writeUnsigned(count, out);
      out.writeDouble(min);
      out.writeDouble(max);
      sum.write(out);
    }

    private static Doubles read(long count, DataInput in) throws IOException {
      double min = in.readDouble();
      double max = in.readDouble();
      if (!(min <= max && Double.isFinite(min) && Double.isFinite(max))) {
        throw new IOException("statistics: " + min + " to " + max + " (expected: least first)");
      }
      return new Doubles(count, min, max, ExactSum.read(in));
    }
  }
}
