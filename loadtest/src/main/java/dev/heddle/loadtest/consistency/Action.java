package dev.heddle.loadtest.consistency;

/** What a client asks of a register, which holds a value with a version, or nothing. */
public sealed interface Action {
  /** Whether it may change the register. */
  boolean changes();

  /** What does the register hold? */
  record Read() implements Action {
    @Override
    public boolean changes() {
      return false;
    }

    @Override
    public String toString() {
      return "read";
    }
  }

  /**
   * Holds {@code value} from now on.
   *
   * @param value should be written once only in a history: the checker is faster so
   */
  record Put(String value) implements Action {
    @Override
    public boolean changes() {
      return true;
    }

    @Override
    public String toString() {
      return "put " + value;
    }
  }

  /**
   * Holds {@code value} from now on if the register has the version.
   *
   * @param version 0: if the register holds nothing
   */
  record PutIf(long version, String value) implements Action {
    public PutIf {
      if (version < 0) {
        throw new IllegalArgumentException("version: " + version + " (expected: >= 0)");
      }
    }

    @Override
    public boolean changes() {
      return true;
    }

    @Override
    public String toString() {
      return "put " + value + (version == 0 ? " if there is none" : " if version " + version);
    }
  }

  /** Holds nothing from now on. */
  record Delete() implements Action {
    @Override
    public boolean changes() {
      return true;
    }

    @Override
    public String toString() {
      return "delete";
    }
  }
}
