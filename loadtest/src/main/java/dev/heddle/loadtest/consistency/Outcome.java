package dev.heddle.loadtest.consistency;

/** What a client was told about its {@link Action}. */
public sealed interface Outcome {
  /** It is not known whether the action took effect, or will. */
  Outcome UNKNOWN = new Unknown();

  /** Nothing was done, for a reason that says nothing about the register. */
  Outcome REFUSED = new Refused();

  /** The condition did not hold, and nothing was done. */
  Outcome CONFLICT = new Conflict();

  /** The register held nothing. */
  Outcome ABSENT = new Absent();

  /**
   * The register held a value.
   *
   * @param version greater than all versions that the register had before
   */
  record Found(String value, long version) implements Outcome {
    public Found {
      atLeast("version", version, 1);
    }

    @Override
    public String toString() {
      return value + ", version " + version;
    }
  }

  /** The register held nothing. */
  record Absent() implements Outcome {
    @Override
    public String toString() {
      return "nothing";
    }
  }

  /** The value was put, and got the version. */
  record Written(long version) implements Outcome {
    public Written {
      atLeast("version", version, 1);
    }

    @Override
    public String toString() {
      return "version " + version;
    }
  }

  /**
   * The register holds nothing.
   *
   * @param found whether it did before
   * @param version that comes behind all versions from before; 0: not told
   */
  record Deleted(boolean found, long version) implements Outcome {
    public Deleted {
      atLeast("version", version, 0);
    }

    @Override
    public String toString() {
      return (found ? "was there" : "was not there") + (version == 0 ? "" : ", at " + version);
    }
  }

  /** The condition did not hold at some moment between call and answer. */
  record Conflict() implements Outcome {
    @Override
    public String toString() {
      return "conflict";
    }
  }

  /** Failed for certain. */
  record Refused() implements Outcome {
    @Override
    public String toString() {
      return "refused";
    }
  }

  /** In doubt: may take effect at any moment after the call, also long after, or never. */
  record Unknown() implements Outcome {
    @Override
    public String toString() {
      return "in doubt";
    }
  }

  private static void atLeast(String what, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(what + ": " + value + " (expected: >= " + least + ")");
    }
  }
}
