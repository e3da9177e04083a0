package dev.heddle.loadtest.measure;

/** Takes a line about each request. Safe for any thread. */
@FunctionalInterface
public interface RequestLog {
  /** Keeps nothing. */
  RequestLog NONE = request -> {};

  void add(Request request);

  /**
   * A request that had an end.
   *
   * @param series that it counts in; without line breaks
   * @param beganNanos since the beginning of the series: when it was to begin, in an open loop
   * @param nanos until its end
   * @param outcome {@code ok}, or what else
   */
  record Request(String series, long beganNanos, long nanos, String outcome) {}
}
