package dev.heddle.aggregations;

import dev.heddle.function.Binary;
import dev.heddle.function.HeapSize;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * A sum of doubles without any rounding: a whole multiple of the smallest double there is, as
 * digits of 32 bits, of which only those exist that were needed. So the order in which values are
 * added, and sums merged, makes no difference; what rounds is only {@link #value}, once.
 *
 * <p>Adding costs three additions of longs. Carries are left in the upper halves of the digits
 * until there may be no more room for them.
 */
final class ExactSum {
  private static final int DIGIT_BITS = 32;
  private static final long DIGIT_MASK = 0xFFFF_FFFFL;
  private static final int FRACTION_BITS = 52;
  private static final long FRACTION_MASK = (1L << FRACTION_BITS) - 1;
  private static final int EXPONENT_MASK = 0x7FF;

  /** Power of two of the least digit's unit: the smallest double is 2^-1074. */
  private static final int UNIT = -1074;

  private static final int DOUBLE_BITS = 53;

  /** Room for 2^63 times the largest double. */
  private static final int DIGITS = 68;

  private static final int MAX_PENDING = 1 << 30;

  private static final long OWN = HeapSize.object(HeapSize.REFERENCE + 2 * Integer.BYTES);

  /** Digits from {@link #base} on; those beyond either end are 0. */
  private long[] digits = new long[0];

  private int base;

  /** Additions since the carries were settled. */
  private int pending;

  /** What it takes of the heap, in bytes. */
  long weight() {
    return OWN + HeapSize.longs(digits.length);
  }

  /** Adds a finite double. */
  void add(double value) {
    long bits = Double.doubleToRawLongBits(value);
    int exponent = (int) (bits >>> FRACTION_BITS) & EXPONENT_MASK;
    if (exponent == EXPONENT_MASK) {
      throw new IllegalArgumentException("value: " + value + " (expected: a finite number)");
    }
    long fraction = bits & FRACTION_MASK;
    if (exponent == 0) {
      exponent = 1;
    } else {
      fraction |= 1L << FRACTION_BITS;
    }
    int place = exponent - 1;
    int shift = place % DIGIT_BITS;
    int first = place / DIGIT_BITS;
    if (first < base || first + 3 > base + digits.length) {
      reach(first, first + 3);
    }
    long low = (fraction << shift) & DIGIT_MASK;
    long middle = (fraction >>> (DIGIT_BITS - shift)) & DIGIT_MASK;
    long high = fraction >>> DIGIT_BITS >>> (DIGIT_BITS - shift);
    int at = first - base;
    if (bits >= 0) {
      digits[at] += low;
      digits[at + 1] += middle;
      digits[at + 2] += high;
    } else {
      digits[at] -= low;
      digits[at + 1] -= middle;
      digits[at + 2] -= high;
    }
    if (++pending == MAX_PENDING) {
      settle();
    }
  }

  /** Makes room for digits from first to end. */
  private void reach(int first, int end) {
    int from = digits.length == 0 ? first : Math.min(base, first);
    int to = digits.length == 0 ? end : Math.max(base + digits.length, end);
    var wider = new long[to - from];
    System.arraycopy(digits, 0, wider, Math.max(0, base - from), digits.length);
    digits = wider;
    base = from;
  }

  void add(ExactSum other) {
    if (other.digits.length == 0) {
      return;
    }
    settle();
    other.settle();
    reach(other.base, other.base + other.digits.length);
    for (int i = 0; i < other.digits.length; i++) {
      digits[other.base - base + i] += other.digits[i];
    }
    pending = 1;
  }

  /**
   * Makes all digits 0..2^32-1 but the last one, which has the sign, and cuts off zeros at both
   * ends; so that equal sums look alike.
   */
  private void settle() {
    long carry = 0;
    for (int i = 0; i < digits.length; i++) {
      long digit = digits[i] + carry;
      digits[i] = digit & DIGIT_MASK;
      carry = digit >> DIGIT_BITS;
    }
    // The carry's own digits, down to one that is 0 or -1: the sign.
    int end = digits.length;
    while (carry != 0 && carry != -1) {
      digits = Arrays.copyOf(digits, ++end);
      digits[end - 1] = carry & DIGIT_MASK;
      carry >>= DIGIT_BITS;
    }
    pending = 0;
    if (carry == 0) {
      while (end > 0 && digits[end - 1] == 0) {
        end--;
      }
    } else {
      while (end > 0 && digits[end - 1] == DIGIT_MASK) {
        end--;
      }
      digits = Arrays.copyOf(digits, end + 1);
      digits[end++] = -1;
    }
    int start = 0;
    while (start < end && digits[start] == 0) {
      start++;
    }
    digits = Arrays.copyOfRange(digits, start, end);
    base = digits.length == 0 ? 0 : base + start;
  }

  /** The double nearest to the sum; infinite beyond the largest. */
  double value() {
    settle();
    var sum = BigInteger.ZERO;
    for (int i = digits.length - 1; i >= 0; i--) {
      sum = sum.shiftLeft(DIGIT_BITS).add(BigInteger.valueOf(digits[i]));
    }
    int unit = UNIT + DIGIT_BITS * base;
    var magnitude = sum.abs();
    int excess = magnitude.bitLength() - DOUBLE_BITS;
    // Multiples of the smallest double with few bits are doubles as they are.
    double rounded =
        excess <= 0
            ? Math.scalb(magnitude.doubleValue(), unit)
            : Math.scalb(nearest(magnitude, excess), unit + excess);
    return sum.signum() < 0 ? -rounded : rounded;
  }

  /** The upper bits, rounded half to even by those that are cut off. */
  private static double nearest(BigInteger magnitude, int excess) {
    long kept = magnitude.shiftRight(excess).longValueExact();
    boolean half = magnitude.testBit(excess - 1);
    boolean more = magnitude.getLowestSetBit() < excess - 1;
    return kept + (half && (more || (kept & 1) != 0) ? 1 : 0);
  }

  void write(DataOutput out) throws IOException {
    settle();
    Binary.writeUnsigned(digits.length, out);
    if (digits.length == 0) {
      return;
    }
    Binary.writeUnsigned(base, out);
    for (int i = 0; i < digits.length - 1; i++) {
      out.writeInt((int) digits[i]);
    }
    Binary.writeSigned(digits[digits.length - 1], out);
  }

  static ExactSum read(DataInput in) throws IOException {
    var sum = new ExactSum();
    int length = Binary.readCount(in, DIGITS);
    if (length == 0) {
      return sum;
    }
    sum.base = Binary.readCount(in, DIGITS - length);
    sum.digits = new long[length];
    for (int i = 0; i < length - 1; i++) {
      sum.digits[i] = Integer.toUnsignedLong(in.readInt());
    }
    long last = Binary.readSigned(in);
    if (last < -1 || last > DIGIT_MASK || last == 0) {
      throw new IOException("sum: last digit " + last + " (expected: -1 or 1..2^32-1)");
    }
    sum.digits[length - 1] = last;
    return sum;
  }
}
