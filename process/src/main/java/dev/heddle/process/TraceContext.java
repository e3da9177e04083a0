package dev.heddle.process;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * W3C trace context: which trace a request belongs to, and the span that called.
 *
 * @param traceId 32 lower-case hex digits, not all zero
 * @param spanId 16 lower-case hex digits, not all zero
 */
public record TraceContext(String traceId, String spanId, boolean sampled) {
  private static final Pattern FORM =
      Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
  private static final String NO_TRACE = "0".repeat(32);
  private static final String NO_SPAN = "0".repeat(16);

  public TraceContext {
    if (!isHex(traceId, 32) || traceId.equals(NO_TRACE)) {
      throw new IllegalArgumentException("traceId: " + traceId + " (expected: 32 hex digits)");
    }
    if (!isHex(spanId, 16) || spanId.equals(NO_SPAN)) {
      throw new IllegalArgumentException("spanId: " + spanId + " (expected: 16 hex digits)");
    }
  }

  /** A new trace, not sampled: nobody upstream asked for it. */
  public static TraceContext create() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new TraceContext(hex(random.nextLong()) + hex(nonZero(random)), newSpan(), false);
  }

  /** Empty where the header is missing or not one of the standard; a new trace is right then. */
  public static Optional<TraceContext> parse(@Nullable String traceparent) {
    if (traceparent == null || traceparent.length() > 256) {
      return Optional.empty();
    }
    Matcher matcher = FORM.matcher(traceparent.strip());
    if (!matcher.matches()
        || matcher.group(1).equals("ff")
        || (matcher.group(1).equals("00") && matcher.group(5) != null)
        || matcher.group(2).equals(NO_TRACE)
        || matcher.group(3).equals(NO_SPAN)) {
      return Optional.empty();
    }
    boolean sampled = (Integer.parseInt(matcher.group(4), 16) & 1) == 1;
    return Optional.of(new TraceContext(matcher.group(2), matcher.group(3), sampled));
  }

  /** The same trace with a span of its own. */
  public TraceContext child() {
    return new TraceContext(traceId, newSpan(), sampled);
  }

  /** The header's value. */
  public String traceparent() {
    return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
  }

  private static String newSpan() {
    return hex(nonZero(ThreadLocalRandom.current()));
  }

  private static long nonZero(ThreadLocalRandom random) {
    long value = random.nextLong();
    return value == 0 ? 1 : value;
  }

  private static String hex(long value) {
    return HexFormat.of().toHexDigits(value);
  }

  private static boolean isHex(String text, int length) {
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }
}
