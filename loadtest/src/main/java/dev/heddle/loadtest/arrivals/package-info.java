/**
 * Load that does not wait for answers: when requests arrive, and a loop that sends each at its time
 * and counts from then, whatever became of those before.
 *
 * <p>Called by experiments, on the thread that sends. Nothing here has threads or sockets.
 */
@NullMarked
package dev.heddle.loadtest.arrivals;

import org.jspecify.annotations.NullMarked;
