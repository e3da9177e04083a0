package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import java.util.Optional;

/**
 * One call to one leaf.
 *
 * @param attempt 1 for the first call to this leaf
 * @param figures what the leaf said it lacked
 * @param timeoutNanos time that the leaf has
 */
public record LeafCall(
    LeafAssignment leaf,
    int attempt,
    StatisticsEpoch epoch,
    Optional<Figures> figures,
    long timeoutNanos) {}
