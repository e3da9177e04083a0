package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/** What became of a command when it was applied. */
sealed interface Outcome {
  /**
   * @param revision that has it
   * @param changed entries that it touched
   */
  record Done(long revision, int changed) implements Outcome {}

  /** It changed nothing. */
  record Refused(ErrorCode code, String message) implements Outcome {}

  /**
   * The outcome of a command that was done.
   *
   * @throws HeddleException what it was refused with
   */
  default Done orThrow() {
    return switch (this) {
      case Done done -> done;
      case Refused refused -> throw new HeddleException(refused.code(), refused.message());
    };
  }
}
