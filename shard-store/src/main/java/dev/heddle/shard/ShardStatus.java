package dev.heddle.shard;

/**
 * One shard of this node.
 *
 * @param documents live documents
 * @param view changes whenever what a searcher sees changes; 0 while unavailable
 * @param reason why it is unavailable; empty: it serves
 */
public record ShardStatus(
    String datasetId,
    int shard,
    long generation,
    long index,
    long documents,
    long view,
    String reason) {
  public boolean available() {
    return reason.isEmpty();
  }
}
