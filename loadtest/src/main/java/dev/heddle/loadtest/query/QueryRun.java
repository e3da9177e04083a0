package dev.heddle.loadtest.query;

/**
 * One repetition.
 *
 * @param planned requests that were to be sent
 * @param wallNanos from the first request to the last answer
 * @param cpuNanos of the client's process meanwhile
 */
record QueryRun(Tally tally, int planned, long wallNanos, long cpuNanos) {
  double perSecond() {
    return wallNanos == 0 ? 0 : tally.requests() * 1e9 / wallNanos;
  }

  double microsPerRequest(long nanos) {
    return tally.requests() == 0 ? 0 : nanos / 1e3 / tally.requests();
  }

  boolean gaveUp() {
    return tally.requests() < planned;
  }
}
