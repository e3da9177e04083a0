package dev.heddle.replication;

/**
 * A place in a group's log.
 *
 * @param term in which the entry was proposed; 0: before the first
 * @param index from 0; -1: before the first
 */
public record LogPosition(long term, long index) {
  /** Before the first entry. */
  public static final LogPosition NONE = new LogPosition(0, -1);
}
