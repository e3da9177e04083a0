package dev.heddle.leaf;

import dev.heddle.leaf.LeafTask.Budget;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.shard.ShardMeter;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether a call has spent more than its query has left. Asked again and again while shards are
 * searched; once it has, that stays so. For the thread that runs the call.
 */
final class SpendingLimit {
  private final Budget budget;
  private final ShardMeter meter;
  private final LongSupplier cpuNanos;
  private @Nullable HeddleException exceeded;

  /**
   * A limit of which nothing is spent.
   *
   * @param cpuNanos CPU time that the call has taken so far
   */
  SpendingLimit(Budget budget, ShardMeter meter, LongSupplier cpuNanos) {
    this.budget = budget;
    this.meter = meter;
    this.cpuNanos = cpuNanos;
  }

  boolean isExceeded() {
    return exceeded().isPresent();
  }

  /** What was spent beyond the limit, as LIMIT_REACHED; empty: nothing was. */
  Optional<HeddleException> exceeded() {
    if (exceeded == null) {
      exceeded = look();
    }
    return Optional.ofNullable(exceeded);
  }

  private @Nullable HeddleException look() {
    if (budget.documents() > 0 && meter.documentsScanned() > budget.documents()) {
      return new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: stopped after %d documents (expected: at most %d more, scatter.query-documents)"
              .formatted(meter.documentsScanned(), budget.documents()));
    }
    if (budget.cpuNanos() > 0 && cpuNanos.getAsLong() > budget.cpuNanos()) {
      return new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: stopped after %d us of CPU time (expected: at most %d more, scatter.query-cpu)"
              .formatted(cpuNanos.getAsLong() / 1_000, budget.cpuNanos() / 1_000));
    }
    return null;
  }
}
