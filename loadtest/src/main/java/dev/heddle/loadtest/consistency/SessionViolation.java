package dev.heddle.loadtest.consistency;

import java.util.Locale;

/**
 * A session that read something older than what it had written or seen.
 *
 * @param earlier what it had written or seen
 * @param read what it read afterwards
 */
public record SessionViolation(Guarantee guarantee, SessionEvent earlier, SessionEvent read) {
  /** What a session may count on. */
  public enum Guarantee {
    READ_YOUR_WRITES,
    MONOTONIC_READS
  }

  /** A line for people; times in ms since the earlier event. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "key %s: %s: %s, and %.3f ms later %s",
        read.key(),
        guarantee.toString().toLowerCase(Locale.ROOT).replace('_', ' '),
        earlier,
        (read.invoked() - earlier.returned()) / 1e6,
        read);
  }
}
