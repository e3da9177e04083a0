package dev.heddle.coordinator;

import dev.heddle.engine.Bill;
import dev.heddle.process.DataSize;
import java.util.List;

/** What a query costs beside the work of leaves. */
final class Spending {
  private Spending() {}

  /**
   * The coordinator's own part.
   *
   * @param memory that it is billed with
   */
  static Bill here(long activeNanos, DataSize memory) {
    long memoryMibNanos = Bill.memoryMibNanos(activeNanos, memory.bytes());
    return new Bill(activeNanos, 0, 0, 0, 0, 0, 0, 0, memoryMibNanos, 0, true, List.of(), 0, 0);
  }

  /** Shards were asked of a further replica because a call was late. */
  static Bill extra(int shards) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, shards, 0, 0, true, List.of(), 0, 0);
  }
}
