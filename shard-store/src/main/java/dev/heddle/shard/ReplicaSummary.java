package dev.heddle.shard;

/**
 * What a replica's searches see, in short.
 *
 * @param incarnation of the shard's history
 * @param index everything up to here is in it, and nothing beyond
 */
public record ReplicaSummary(
    String datasetId, String incarnation, long index, ViewSummary content) {}
