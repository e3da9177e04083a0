package dev.heddle.catalog;

import java.nio.charset.StandardCharsets;

/**
 * Which shard holds a document: ids hash into 16,384 slots, of which each shard has a contiguous
 * range. Fixed for ever: data lies where this says.
 */
public final class Slots {
  public static final int COUNT = 16_384;

  private static final int SEED = 0x9747b28c;

  private Slots() {}

  /** The slot of a document id, 0..16,383. */
  public static int of(String id) {
    return Murmur3.hash32(id.getBytes(StandardCharsets.UTF_8), SEED) & (COUNT - 1);
  }

  /**
   * The shard of a document id.
   *
   * @param shards of the dataset, 1..16,384
   */
  public static int shard(String id, int shards) {
    return shardOfSlot(of(id), shards);
  }

  static int shardOfSlot(int slot, int shards) {
    if (shards < 1 || shards > COUNT) {
      throw new IllegalArgumentException("shards: " + shards + " (expected: 1.." + COUNT + ")");
    }
    return slot * shards / COUNT;
  }
}
