package dev.heddle.catalog;

import java.time.Duration;

/**
 * Leaves out rounds of something that is done again and again, such as attempts after a failure.
 * One thread at a time.
 */
final class Pace {
  private final Duration interval;
  private long left;

  /**
   * @param interval of the rounds
   */
  Pace(Duration interval) {
    this.interval = interval;
  }

  /** Whether it is to be done in this round; to be asked once a round. */
  boolean due() {
    if (left == 0) {
      return true;
    }
    left--;
    return false;
  }

  /** Leaves out the rounds of about this time, at least one. */
  void pause(Duration time) {
    left = time.dividedBy(interval) + 1;
  }

  /** From now on it is due. */
  void reset() {
    left = 0;
  }
}
