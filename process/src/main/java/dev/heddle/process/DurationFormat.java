package dev.heddle.process;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as text: {@code 200ms}, {@code 1.5s}. Units: ns, us, ms, s, m, h, d. */
public final class DurationFormat {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?) ?(ns|us|ms|s|m|h|d)");
  private static final Map<String, Long> NANOS = new LinkedHashMap<>();

  static {
    NANOS.put("d", 86_400_000_000_000L);
    NANOS.put("h", 3_600_000_000_000L);
    NANOS.put("m", 60_000_000_000L);
    NANOS.put("s", 1_000_000_000L);
    NANOS.put("ms", 1_000_000L);
    NANOS.put("us", 1_000L);
    NANOS.put("ns", 1L);
  }

  private DurationFormat() {}

  /**
   * Up to about 292 years, to the nanosecond.
   *
   * @throws IllegalArgumentException if the text is not a duration
   */
  public static Duration parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (matcher.matches()) {
      Long unit = NANOS.get(matcher.group(2));
      if (unit != null) {
        try {
          BigDecimal count = new BigDecimal(matcher.group(1));
          return Duration.ofNanos(count.multiply(BigDecimal.valueOf(unit)).longValueExact());
        } catch (ArithmeticException e) {
          throw unreadable(text);
        }
      }
    }
    throw unreadable(text);
  }

  /** The largest unit without a fraction; {@link #parse} reads it back. */
  public static String format(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos == 0) {
      return "0s";
    }
    for (Map.Entry<String, Long> unit : NANOS.entrySet()) {
      if (nanos % unit.getValue() == 0) {
        return nanos / unit.getValue() + unit.getKey();
      }
    }
    throw new AssertionError("every number of nanoseconds divides by one");
  }

  private static IllegalArgumentException unreadable(String text) {
    return new IllegalArgumentException("duration: " + text + " (expected: a time like 200ms)");
  }
}
