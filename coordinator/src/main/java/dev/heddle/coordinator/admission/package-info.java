/**
 * Before a query is planned or an invocation sent: whether there is room for it, and for whom
 * first.
 *
 * <p>Called by each request's own thread.
 */
@NullMarked
package dev.heddle.coordinator.admission;

import org.jspecify.annotations.NullMarked;
