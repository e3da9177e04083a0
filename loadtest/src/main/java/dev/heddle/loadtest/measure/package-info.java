/**
 * What every experiment records with and reports in: latency histograms, the floor that the machine
 * itself sets, CPU time, options, and the report.
 *
 * <p>Called by the experiments. Values are immutable; whatever records is owned by one thread and
 * read by another only after the first has ended.
 */
@NullMarked
package dev.heddle.loadtest.measure;

import org.jspecify.annotations.NullMarked;
