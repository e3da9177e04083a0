package dev.heddle.shard;

import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * When shards move to other nodes.
 *
 * @param rebuildAfter a node that was away for so long is lost: its replicas are built elsewhere;
 *     30s
 * @param moves shards that move at the same time, over all datasets; 4
 * @param giveUpAfter a node that is to take a shard, and gets no further for so long, is spared:
 *     the shard goes elsewhere; 5m
 * @param every how often the controller looks, at most a quarter of rebuild-after; 1s
 */
public record PlacementConfig(
    Duration rebuildAfter, int moves, Duration giveUpAfter, Duration every) {
  private static final Duration LONGEST = Duration.ofDays(7);

  public PlacementConfig {
    if (!rebuildAfter.isPositive() || rebuildAfter.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "rebuild-after: "
              + DurationFormat.format(rebuildAfter)
              + " (expected: > 0 and at most "
              + DurationFormat.format(LONGEST)
              + ")");
    }
    if (moves < 1 || moves > 1_000) {
      throw new IllegalArgumentException("moves: " + moves + " (expected: 1..1000)");
    }
    if (!giveUpAfter.isPositive() || giveUpAfter.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "give-up-after: "
              + DurationFormat.format(giveUpAfter)
              + " (expected: > 0 and at most "
              + DurationFormat.format(LONGEST)
              + ")");
    }
    Duration quarter = rebuildAfter.dividedBy(4);
    if (!every.isPositive() || every.compareTo(quarter) > 0) {
      throw new IllegalArgumentException(
          "every: "
              + DurationFormat.format(every)
              + " (expected: > 0 and at most "
              + DurationFormat.format(quarter)
              + ", a quarter of rebuild-after)");
    }
  }

  public static PlacementConfig defaults() {
    return new PlacementConfig(
        Duration.ofSeconds(30), 4, Duration.ofMinutes(5), Duration.ofSeconds(1));
  }
}
