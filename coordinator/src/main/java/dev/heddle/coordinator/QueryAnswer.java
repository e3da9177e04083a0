package dev.heddle.coordinator;

import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.function.Coverage;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a query found, what that rests on and what it cost.
 *
 * @param result what the function's finish returned
 * @param position the request's token, and what was seen
 * @param stalenessMicros how old the oldest of the views may be; 0: none newer
 * @param last false for an improvement that others follow
 */
record QueryAnswer(
    @Nullable Object result,
    Coverage coverage,
    Bill bill,
    long tookNanos,
    String traceId,
    String statisticsEpoch,
    PositionToken position,
    long stalenessMicros,
    Optional<Explanation> explanation,
    boolean last) {

  /** How the query went; microseconds since its admission. */
  record Explanation(
      long planMicros,
      long scatterMicros,
      long finishMicros,
      int statisticsRounds,
      List<LeafTiming> leaves) {
    Explanation {
      leaves = List.copyOf(leaves);
    }
  }

  /** One call to a leaf. */
  record LeafTiming(
      String node,
      long sentMicros,
      long receivedMicros,
      long queueMicros,
      long activeMicros,
      long responseBytes,
      List<ShardReport> shards,
      String error) {
    LeafTiming {
      shards = List.copyOf(shards);
    }
  }
}
