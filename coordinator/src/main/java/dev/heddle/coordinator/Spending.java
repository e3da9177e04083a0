package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.engine.Bill;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
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

  /** What queries may spend. */
  static Budget budget(ScatterConfig limits) {
    return new Budget(limits.queryDocuments(), limits.queryCpu().toNanos());
  }

  /** What is left of it to a query that has spent so much. */
  static Budget left(Budget budget, Bill spent) {
    if (budget.equals(Budget.ANY)) {
      return Budget.ANY;
    }
    return new Budget(
        left(budget.documents(), spent.documentsScanned()),
        left(budget.cpuNanos(), spent.cpuNanos()));
  }

  /**
   * Refuses to go on where more was spent.
   *
   * @throws HeddleException LIMIT_REACHED, naming the key
   */
  static void check(Budget budget, Bill spent) {
    if (budget.documents() > 0 && spent.documentsScanned() > budget.documents()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: scanned %d documents (expected: at most %d, scatter.query-documents)"
              .formatted(spent.documentsScanned(), budget.documents()));
    }
    if (budget.cpuNanos() > 0 && spent.cpuNanos() > budget.cpuNanos()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: took %d us of CPU time (expected: at most %d, scatter.query-cpu)"
              .formatted(spent.cpuNanos() / 1_000, budget.cpuNanos() / 1_000));
    }
  }

  /** At least 1, as 0 means that there is no limit. */
  private static long left(long limit, long spent) {
    return limit == 0 ? 0 : Math.max(1, limit - spent);
  }

  /** A partial was sent to another coordinator. */
  static Bill sent(long bytes) {
    return new Bill(0, 0, 0, 0, 0, bytes, 0, 0, 0, 0, true, List.of(), 0, 0);
  }

  /** Shards were asked again: a call was late, or asked for too few hits. */
  static Bill extra(int shards) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, shards, 0, 0, true, List.of(), 0, 0);
  }
}
