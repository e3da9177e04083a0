package dev.heddle.engine;

import java.time.Instant;

/**
 * A line of a function's log.
 *
 * @param version digest of the version that wrote it
 * @param text without line ends
 * @param lost lines of this function that were lost just before this one
 */
public record FunctionLogLine(
    Instant at,
    String function,
    String version,
    String invocationId,
    String traceId,
    String text,
    long lost) {
  /** The same, with more lines lost before it. */
  FunctionLogLine withLost(long count) {
    return new FunctionLogLine(at, function, version, invocationId, traceId, text, count);
  }
}
