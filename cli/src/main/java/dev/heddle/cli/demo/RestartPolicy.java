package dev.heddle.cli.demo;

import java.time.Duration;

/**
 * When a crashed process is started again that is not vital.
 *
 * @param first pause after a crash
 * @param longest the pause doubles with each crash in a row, up to this
 * @param steady a process that ran so long has not crashed in a row
 * @param lookAgain how often a data directory that somebody else locked is looked at
 */
record RestartPolicy(Duration first, Duration longest, Duration steady, Duration lookAgain) {
  static final RestartPolicy DEFAULT =
      new RestartPolicy(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(2));

  RestartPolicy {
    if (first.isNegative() || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException(
          "restart: " + first + " to " + longest + " (expected: first <= longest)");
    }
  }

  /** The pause after so many crashes in a row. */
  Duration pause(int crashes) {
    Duration pause = first;
    for (int i = 1; i < crashes && pause.compareTo(longest) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(longest) > 0 ? longest : pause;
  }
}
