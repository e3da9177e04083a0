package dev.heddle.process;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes, written as {@code 64MiB}. Units: B, KiB, MiB, GiB, TiB. */
public record DataSize(long bytes) implements Comparable<DataSize> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,19}) ?(B|KiB|MiB|GiB|TiB)");
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  public DataSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes: " + bytes + " (expected: >= 0)");
    }
  }

  public static DataSize ofBytes(long bytes) {
    return new DataSize(bytes);
  }

  public static DataSize ofKiB(long count) {
    return new DataSize(Math.multiplyExact(count, 1L << 10));
  }

  public static DataSize ofMiB(long count) {
    return new DataSize(Math.multiplyExact(count, 1L << 20));
  }

  public static DataSize ofGiB(long count) {
    return new DataSize(Math.multiplyExact(count, 1L << 30));
  }

  /**
   * @throws IllegalArgumentException if the text is not a size
   */
  public static DataSize parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (matcher.matches()) {
      // 19 digits always fit when read without a sign; what is too large turns negative.
      long count = Long.parseUnsignedLong(matcher.group(1));
      for (int unit = 0; unit < UNITS.length; unit++) {
        if (UNITS[unit].equals(matcher.group(2))
            && count >= 0
            && count <= Long.MAX_VALUE >> (10 * unit)) {
          return new DataSize(count << (10 * unit));
        }
      }
    }
    throw new IllegalArgumentException("size: " + text + " (expected: a size like 64MiB)");
  }

  /** For APIs that count in {@code int}; larger sizes become its maximum. */
  public int toIntBytes() {
    return (int) Math.min(Integer.MAX_VALUE, bytes);
  }

  @Override
  public int compareTo(DataSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** The largest unit without a fraction; {@link #parse} reads it back. */
  @Override
  public String toString() {
    int unit = 0;
    long count = bytes;
    while (count != 0 && unit < UNITS.length - 1 && (count & 1023) == 0) {
      count >>= 10;
      unit++;
    }
    return String.format(Locale.ROOT, "%d%s", count, UNITS[unit]);
  }
}
