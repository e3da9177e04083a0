package dev.heddle.replication;

/** What a member is in its group now. */
public enum Role {
  LEADER,
  FOLLOWER,
  CANDIDATE,
  /** Not yet counted in majorities, or no more. */
  OUTSIDE,
  /** Its log or its replica failed, or it was closed: it takes part in nothing. */
  CLOSED
}
