package dev.heddle.loadtest.chaos;

/** What a read must have seen. */
public enum ReadLevel {
  /** Nothing in particular. */
  ANY,
  /** All that the session has written and seen. */
  SESSION,
  /** All that was acknowledged before. */
  LINEARIZABLE
}
