package dev.heddle.function;

import java.util.List;

/**
 * What an answer rests on.
 *
 * @param seen documents of the shards that answered
 * @param active documents of the shards that could be reached
 * @param target documents of all shards, as far as last known; 0 also where nothing is
 * @param answered shards that answered
 * @param skipped shards that could not match, and count as seen
 * @param total shards of the dataset
 */
public record Coverage(
    long seen,
    long active,
    long target,
    int answered,
    int skipped,
    int total,
    List<Missing> missing) {
  public Coverage {
    missing = List.copyOf(missing);
  }

  /** Share of the target that was seen, 0..1; 1 for an empty dataset with all shards. */
  public double ratio() {
    if (target > 0) {
      return (double) seen / target;
    }
    return total == 0 ? 1 : (double) (answered + skipped) / total;
  }

  public boolean complete() {
    return missing.isEmpty();
  }

  /**
   * A shard that did not answer.
   *
   * @param reason deadline, unreachable, no_replica, failed, refused, cancelled or stale; pending
   *     in an answer that is still to improve
   */
  public record Missing(int shard, String reason, String message) {}
}
