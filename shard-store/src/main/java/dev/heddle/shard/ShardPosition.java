package dev.heddle.shard;

/**
 * A place in a shard's history.
 *
 * @param incarnation of the history: a shard that was made anew has another one
 * @param index of an entry in its log
 */
public record ShardPosition(String incarnation, long index) {}
