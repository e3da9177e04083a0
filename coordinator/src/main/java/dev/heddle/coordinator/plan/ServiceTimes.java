package dev.heddle.coordinator.plan;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * How long each replica of a dataset lately worked on a query, measured by its leaf: what its
 * segments and deleted documents really cost, whatever they look like. Safe for many threads; an
 * update may be missed, never more.
 */
public final class ServiceTimes {
  /** Nodes of a dataset at most. */
  private static final int MOST_NODES = 1_000;

  /** Weight of the newest execution in the mean, as a power of two. */
  private static final int NEWEST_SHIFT = 3;

  /** A tick of the times kept beside the means: 2^27 ns, an eighth of a second. */
  private static final int TICK_SHIFT = 27;

  private static final long MOST_MEAN = 0xFFFF_FFFFL;

  /** By node, then by shard: mean in 1/16 microseconds, and when it was last raised in ticks. */
  private final Map<String, Replicas> byNode = new ConcurrentHashMap<>();

  /**
   * The node's replicas; null where there is no room for it.
   *
   * @param shards of the dataset
   */
  public @Nullable Replicas of(String node, int shards) {
    var known = byNode.get(node);
    if (known == null && byNode.size() < MOST_NODES) {
      known = byNode.computeIfAbsent(node, unseen -> new Replicas(new AtomicLongArray(shards)));
    }
    return known;
  }

  void retain(Set<String> nodes) {
    byNode.keySet().retainAll(nodes);
  }

  /**
   * Mean time of late in microseconds; NaN: not known, or of long ago.
   *
   * @param oldNanos ago is long ago
   */
  double micros(String node, int shard, long nowNanos, long oldNanos) {
    var known = byNode.get(node);
    if (known == null || shard >= known.shards.length()) {
      return Double.NaN;
    }
    long packed = known.shards.get(shard);
    if (packed == 0) {
      return Double.NaN;
    }
    int age = (int) (nowNanos >> TICK_SHIFT) - (int) packed;
    return age > (oldNanos >> TICK_SHIFT) ? Double.NaN : (packed >>> 32) / 16.0;
  }

  /** A node's replicas of the dataset. */
  public static final class Replicas {
    private final AtomicLongArray shards;

    private Replicas(AtomicLongArray shards) {
      this.shards = shards;
    }

    /** A replica worked for so long. */
    public void worked(int shard, long micros, long nowNanos) {
      if (shard < 0 || shard >= shards.length()) {
        return;
      }
      long newest = Math.clamp(micros * 16, 1, MOST_MEAN);
      long packed = shards.get(shard);
      long mean = packed >>> 32;
      long next = packed == 0 ? newest : mean + ((newest - mean) >> NEWEST_SHIFT);
      shards.set(shard, (Math.max(1, next) << 32) | ((nowNanos >> TICK_SHIFT) & 0xFFFF_FFFFL));
    }
  }
}
