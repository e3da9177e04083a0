package dev.heddle.loadtest.chaos;

/**
 * A copy of a shard, as its node tells.
 *
 * @param leads whether it leads, as it believes
 * @param member whether it counts in majorities
 * @param applied index of the last entry that it applied
 */
public record ReplicaView(
    String node,
    String datasetId,
    int shard,
    boolean leads,
    boolean member,
    boolean available,
    long term,
    long applied,
    long visible) {}
