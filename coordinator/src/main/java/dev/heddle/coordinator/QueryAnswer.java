package dev.heddle.coordinator;

import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.engine.Bill;
import dev.heddle.function.Coverage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a query found, what that rests on and what it cost.
 *
 * @param result what the function's finish returned
 * @param cut whether it may have fewer hits than were asked for though there are more
 * @param partialStatistics whether scores rest on figures that some shard did not tell in time
 * @param position the request's token, and what was seen
 * @param stalenessMicros how old the oldest of the views may be; 0: none newer
 * @param explanation how it went, of the last answer
 * @param last false for an improvement that others follow
 */
record QueryAnswer(
    @Nullable Object result,
    boolean cut,
    Coverage coverage,
    Bill bill,
    long tookNanos,
    String traceId,
    String statisticsEpoch,
    boolean partialStatistics,
    PositionToken position,
    long stalenessMicros,
    Optional<Explanation> explanation,
    boolean last) {

  /** Whether there was too little time for all of it, or too little room at some leaf. */
  boolean cutOff() {
    return cut
        || coverage.missing().stream()
            .anyMatch(gap -> gap.reason().equals("deadline") || gap.reason().equals("refused"));
  }

  /**
   * This answer, if it is enough.
   *
   * @param minCoverage 0..1
   * @throws HeddleException COVERAGE_TOO_LOW where it covers less
   */
  QueryAnswer covering(double minCoverage) {
    double ratio = coverage.ratio();
    if (ratio < minCoverage) {
      throw new HeddleException(
          ErrorCode.COVERAGE_TOO_LOW,
          "coverage: "
              + ratio
              + " (expected: >= "
              + minCoverage
              + "; missing shards "
              + coverage.missing().stream().map(gap -> gap.shard() + " " + gap.reason()).toList()
              + ")");
    }
    return this;
  }

  /**
   * How the query went; microseconds since it came.
   *
   * @param admission how it got its place
   * @param hedgeAfterMicros when a call would have been late; 0: never
   * @param hedged shards asked for at further replicas because calls were late
   * @param denied shards that would have been asked of further replicas, had there been budget
   * @param startNanos of the query, by the coordinator's ticker
   * @param attempts all calls, which have ended
   * @param choices of replicas, where the request asked to explain
   * @param skipped shards that were not asked, as nothing in them can match
   */
  record Explanation(
      Admission admission,
      long planMicros,
      long scatterMicros,
      long finishMicros,
      int statisticsRounds,
      long hedgeAfterMicros,
      int hedged,
      int denied,
      long startNanos,
      List<Attempt> attempts,
      List<Choice> choices,
      List<Plan.Skipped> skipped) {
    long micros(long nanos) {
      return (nanos - startNanos) / 1_000;
    }
  }

  /**
   * How a query got its place.
   *
   * @param waitMicros until it had it
   * @param inFlight queries that then had one, this one included
   * @param places that there were then
   */
  record Admission(long waitMicros, int inFlight, int places, Priority priority) {}

  /** The replica that was asked first for a shard, and all that might have been. */
  record Choice(int shard, String node, List<ReplicaChoice.Considered> considered) {}
}
