package dev.heddle.shard;

/**
 * Which shard of which dataset.
 *
 * @param incarnation of the shard's history
 */
record ShardIdentity(
    String tenant, String dataset, String datasetId, int shard, String incarnation) {
  @Override
  public String toString() {
    return dataset + '/' + shard;
  }
}
