/**
 * Runs clusters of real processes and hurts them: kills, pauses, cut networks, full disks; checks
 * afterwards that no acknowledged write was lost and that nobody saw what could not be.
 *
 * <p>{@link dev.heddle.loadtest.chaos.ChaosRun} is the way in for random faults by seed; tests use
 * the parts. A run is driven by one thread; its clients have threads of their own. Whatever it
 * starts, it ends.
 */
@NullMarked
package dev.heddle.loadtest.chaos;

import org.jspecify.annotations.NullMarked;
