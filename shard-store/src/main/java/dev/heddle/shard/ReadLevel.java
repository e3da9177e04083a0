package dev.heddle.shard;

/** What a read must have seen. */
public enum ReadLevel {
  /** Whatever the replica has. */
  ANY,
  /** Everything up to a position. */
  SESSION,
  /** Everything that was acknowledged before the read began. */
  LINEARIZABLE
}
