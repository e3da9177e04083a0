package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.LeafCall.Budget;
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

  /** What is left to a query that has spent so much. */
  static Budget left(ScatterConfig limits, Bill spent) {
    if (limits.queryDocuments() == 0 && limits.queryCpu().isZero()) {
      return Budget.ANY;
    }
    return new Budget(
        left(limits.queryDocuments(), spent.documentsScanned()),
        left(limits.queryCpu().toNanos(), spent.cpuNanos()));
  }

  /** At least 1, as 0 means that there is no limit. */
  private static long left(long limit, long spent) {
    return limit == 0 ? 0 : Math.max(1, limit - spent);
  }

  /** Shards were asked of a further replica because a call was late. */
  static Bill extra(int shards) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, shards, 0, 0, true, List.of(), 0, 0);
  }
}
