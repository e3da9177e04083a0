package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall.Budget;

/**
 * What holds for all calls of a query's course.
 *
 * @param reading what they must have seen
 * @param leaves when calls to leaves are late
 * @param parts when calls to coordinators are late; of no meaning where there are none
 * @param budget what they may spend together
 * @param levels of calls in the query's tree: 1 is flat
 * @param trim how many hits calls are asked for
 * @param hears whether coordinators below tell what they find while they look for it
 * @param softDeadlineNanos when the course ends, whatever there is
 */
record CourseTerms(
    Reading reading,
    HedgingPolicy.Calls leaves,
    HedgingPolicy.Calls parts,
    Budget budget,
    int levels,
    Trim trim,
    boolean hears,
    long softDeadlineNanos) {
  /** When such calls are late. */
  HedgingPolicy.Calls pace(boolean handed) {
    return handed ? parts : leaves;
  }
}
