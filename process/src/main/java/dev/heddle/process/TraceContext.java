package dev.heddle.process;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * W3C trace context: which trace a request belongs to, and the span that called.
 *
 * @param traceId 32 lower-case hex digits, not all zero
 * @param spanId 16 lower-case hex digits, not all zero
 */
public record TraceContext(String traceId, String spanId, boolean sampled) {
  private static final int LENGTH = 55;
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
    String text = traceparent.strip();
    if (text.length() < LENGTH || !hasForm(text)) {
      return Optional.empty();
    }
    String traceId = text.substring(3, 35);
    String spanId = text.substring(36, 52);
    if (traceId.equals(NO_TRACE) || spanId.equals(NO_SPAN)) {
      return Optional.empty();
    }
    boolean sampled = (Character.digit(text.charAt(54), 16) & 1) == 1;
    return Optional.of(new TraceContext(traceId, spanId, sampled));
  }

  /** {@code version-trace-span-flags}; versions to come may have more behind a further hyphen. */
  private static boolean hasForm(String text) {
    for (int i = 0; i < LENGTH; i++) {
      boolean hyphen = i == 2 || i == 35 || i == 52;
      if (hyphen ? text.charAt(i) != '-' : !isHex(text.charAt(i))) {
        return false;
      }
    }
    if (text.startsWith("ff")) {
      return false;
    }
    return text.length() == LENGTH
        || (!text.startsWith("00")
            && text.charAt(LENGTH) == '-'
            && text.indexOf('\n') < 0
            && text.indexOf('\r') < 0);
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
      if (!isHex(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isHex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }
}
