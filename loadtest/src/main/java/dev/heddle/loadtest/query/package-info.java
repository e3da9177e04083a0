/**
 * The {@code query} experiment: makes queries out of a dataset's own documents, or reads them from
 * a file, sends them over HTTP in a closed loop, and checks every answer.
 *
 * <p>Called by the registry of experiments, on one thread; each client of the load has a thread of
 * its own.
 */
@NullMarked
package dev.heddle.loadtest.query;

import org.jspecify.annotations.NullMarked;
