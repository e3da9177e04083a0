package dev.heddle.loadtest.consistency;

import org.jspecify.annotations.Nullable;

/**
 * What a register holds, as far as it is known: the sequential specification.
 *
 * @param kind whether it holds something
 * @param value empty unless it does
 * @param version of the value; 0: not known, as a write in doubt made it
 * @param floor all later versions are greater
 */
record Register(Kind kind, String value, long version, long floor) {
  /** Nothing was ever written. */
  static final Register EMPTY = new Register(Kind.ABSENT, "", 0, 0);

  /** Whatever came before is not known. */
  static final Register ANYTHING = new Register(Kind.ANYTHING, "", 0, 0);

  enum Kind {
    ABSENT,
    PRESENT,
    /** Holds something or nothing: not known. */
    ANYTHING
  }

  /** What it holds after the operation; null where the outcome cannot come about here. */
  @Nullable Register after(Operation operation) {
    return switch (operation.outcome()) {
      case Outcome.Found found -> found(found);
      case Outcome.Absent _ -> kind == Kind.PRESENT ? null : absent(floor);
      case Outcome.Written written -> written(operation.action(), written.version());
      case Outcome.Deleted deleted -> deleted(deleted);
      case Outcome.Conflict _ -> conflict((Action.PutIf) operation.action());
      case Outcome.Refused _ -> this;
      case Outcome.Unknown _ -> effect(operation.action());
    };
  }

  private @Nullable Register found(Outcome.Found found) {
    boolean known =
        kind == Kind.PRESENT && value.equals(found.value()) && version == found.version();
    if (known) {
      return this;
    }
    boolean possible =
        switch (kind) {
          case ABSENT -> false;
          case PRESENT -> value.equals(found.value()) && version == 0 && found.version() > floor;
          case ANYTHING -> found.version() > floor;
        };
    return possible ? present(found.value(), found.version(), found.version()) : null;
  }

  private @Nullable Register written(Action action, long written) {
    if (written <= floor) {
      return null;
    }
    return switch (action) {
      case Action.Put put -> present(put.value(), written, written);
      case Action.PutIf put ->
          mayHave(put.version()) && written > put.version()
              ? present(put.value(), written, written)
              : null;
      case Action.Read _, Action.Delete _ -> throw new IllegalStateException("wrote: " + action);
    };
  }

  private @Nullable Register deleted(Outcome.Deleted deleted) {
    long told = deleted.version();
    if (!deleted.found()) {
      boolean behind = told > 0 && told < floor;
      return kind == Kind.PRESENT || behind ? null : absent(floor);
    }
    boolean later = told == 0 || told > floor;
    return kind != Kind.ABSENT && later ? absent(Math.max(floor, told)) : null;
  }

  private @Nullable Register conflict(Action.PutIf put) {
    boolean certainly =
        put.version() == 0 ? kind == Kind.ABSENT : kind == Kind.PRESENT && version == put.version();
    return certainly ? null : this;
  }

  /** What an action in doubt does, should it take effect; null: it has none here. */
  private @Nullable Register effect(Action action) {
    return switch (action) {
      case Action.Read _ -> this;
      case Action.Put put -> present(put.value(), 0, floor);
      case Action.PutIf put ->
          mayHave(put.version()) ? present(put.value(), 0, Math.max(floor, put.version())) : null;
      case Action.Delete _ -> kind == Kind.ABSENT ? null : absent(floor);
    };
  }

  /** Whether the condition of a write may hold. */
  private boolean mayHave(long wanted) {
    if (wanted == 0) {
      return kind != Kind.PRESENT;
    }
    return switch (kind) {
      case ABSENT -> false;
      case PRESENT -> version == wanted || (version == 0 && wanted > floor);
      case ANYTHING -> wanted > floor;
    };
  }

  private static Register present(String value, long version, long floor) {
    return new Register(Kind.PRESENT, value, version, floor);
  }

  private static Register absent(long floor) {
    return new Register(Kind.ABSENT, "", 0, floor);
  }
}
