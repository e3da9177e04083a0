/**
 * What people see of a report: a page with plots that works without a network and without scripts,
 * and the comparison of two reports.
 *
 * <p>Called by {@link dev.heddle.loadtest.Bench} and the command line, on any one thread. All
 * values are immutable; nothing here measures.
 */
@NullMarked
package dev.heddle.loadtest.report;

import org.jspecify.annotations.NullMarked;
