package dev.heddle.loadtest.consistency;

/**
 * Something that a session did to a key, or saw of it.
 *
 * @param session a client that shows with each call the position token of its last answer
 * @param version that was written or seen; 0: the key had nothing, or it is not known
 * @param invoked when, in nanoseconds of a clock that all sessions share
 * @param returned when it had the answer; of one in doubt, when it gave up
 */
public record SessionEvent(
    String session, String key, Kind kind, long version, long invoked, long returned) {
  public SessionEvent {
    if (version < 0) {
      throw new IllegalArgumentException("version: " + version + " (expected: >= 0)");
    }
    if (returned < invoked) {
      throw new IllegalArgumentException(
          "returned: " + (returned - invoked) + " ns after the call (expected: >= 0)");
    }
  }

  /** What the session did. */
  public enum Kind {
    /** Wrote the version; acknowledged. */
    WROTE,
    /** Deleted; acknowledged. The version is where the delete stands, 0 if that is not known. */
    DELETED,
    /** May have deleted, or may yet. */
    DELETES_IN_DOUBT,
    /** Read at level session or higher: at or after all that the session wrote or saw. */
    READ,
    /** Read at level any: promises nothing, and counts for later reads. */
    READ_ANY
  }

  @Override
  public String toString() {
    return session
        + ": "
        + switch (kind) {
          case WROTE -> "wrote version " + version;
          case DELETED -> "deleted" + (version == 0 ? "" : " at " + version);
          case DELETES_IN_DOUBT -> "may have deleted";
          case READ -> "read " + (version == 0 ? "nothing" : "version " + version);
          case READ_ANY -> "read (any) " + (version == 0 ? "nothing" : "version " + version);
        };
  }
}
