package dev.heddle.engine;

import dev.heddle.process.ErrorCode;

/** Why a shard is missing from an answer, in the words of a coverage: the same at every node. */
public final class MissingReason {
  /** Nobody has it, as far as those know who were to be asked. */
  public static final String NO_REPLICA = "no_replica";

  private MissingReason() {}

  /** The word for a failure of the shard, or of a call for it. */
  public static String of(ErrorCode code) {
    return switch (code) {
      case DEADLINE_EXCEEDED -> "deadline";
      case CANCELLED -> "cancelled";
      case OVERLOADED, QUEUE_FULL, LIMIT_REACHED -> "refused";
      case STALE_REPLICA, NO_MAJORITY -> "stale";
      case NOT_OWNER -> NO_REPLICA;
      // A node that has just come, and has not seen the catalog yet, is as good as not there.
      case UNAVAILABLE, CATALOG_UNAVAILABLE -> "unreachable";
      default -> "failed";
    };
  }
}
