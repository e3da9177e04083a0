package dev.heddle.loadtest.consistency;

/**
 * One call of a client on the register of a key.
 *
 * @param client who called; it makes one call at a time
 * @param invoked when, in nanoseconds of a clock that all clients of the history share
 * @param returned when it had the answer, or gave up
 */
public record Operation(
    String key, String client, Action action, long invoked, long returned, Outcome outcome) {
  public Operation {
    if (returned < invoked) {
      throw new IllegalArgumentException(
          "returned: " + (returned - invoked) + " ns after the call (expected: >= 0)");
    }
    if (!answers(action, outcome)) {
      throw new IllegalArgumentException(
          "outcome of " + action + ": " + outcome + " (expected: an answer to it)");
    }
  }

  private static boolean answers(Action action, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Found _, Outcome.Absent _ -> action instanceof Action.Read;
      case Outcome.Written _ -> action instanceof Action.Put || action instanceof Action.PutIf;
      case Outcome.Deleted _ -> action instanceof Action.Delete;
      case Outcome.Conflict _ -> action instanceof Action.PutIf;
      case Outcome.Refused _, Outcome.Unknown _ -> true;
    };
  }

  /** Whether it may or may not have taken effect. */
  public boolean inDoubt() {
    return outcome instanceof Outcome.Unknown;
  }

  /** Whether it can neither have changed anything nor have seen anything. */
  boolean mute() {
    return outcome instanceof Outcome.Refused || (inDoubt() && !action.changes());
  }

  /** The version that it gave to the register; 0: none, or not told. */
  long version() {
    return switch (outcome) {
      case Outcome.Written written -> written.version();
      case Outcome.Deleted deleted -> deleted.found() ? deleted.version() : 0;
      case Outcome.Found _,
          Outcome.Absent _,
          Outcome.Conflict _,
          Outcome.Refused _,
          Outcome.Unknown _ ->
          0;
    };
  }

  @Override
  public String toString() {
    return client + ": " + action + " -> " + outcome;
  }
}
