package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/** What an error says about the write that it answers. */
enum Certainty {
  /** A condition did not hold. */
  CONFLICT,
  /** Nothing was done, as things are now. */
  REFUSED,
  /** It may have been done, or may yet be. */
  IN_DOUBT,
  /** Nothing was done, and no such write should ever be answered so. */
  WRONG;

  static Certainty of(HeddleException error) {
    var code = error.code();
    if (code == ErrorCode.VERSION_CONFLICT) {
      return CONFLICT;
    }
    if (code == ErrorCode.NOT_LEADER
        || code == ErrorCode.NO_MAJORITY
        || code == ErrorCode.STALE_REPLICA) {
      return REFUSED;
    }
    return switch (code.kind()) {
      case USER -> WRONG;
      case CAPACITY -> REFUSED;
      case INTERNAL -> IN_DOUBT;
    };
  }
}
