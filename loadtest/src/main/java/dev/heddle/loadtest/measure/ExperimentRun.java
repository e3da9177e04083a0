package dev.heddle.loadtest.measure;

import java.time.Instant;

/**
 * An experiment that was run.
 *
 * @param conditions of the whole run, from starting a cluster to stopping it
 * @param billed by the coordinators that it started
 */
public record ExperimentRun(
    Instant startedAt, Conditions conditions, Billing billed, ExperimentResult result) {}
