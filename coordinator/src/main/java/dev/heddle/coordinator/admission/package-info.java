/**
 * Before a query is planned: whether there is room for it.
 *
 * <p>Called by each query's own thread.
 */
@NullMarked
package dev.heddle.coordinator.admission;

import org.jspecify.annotations.NullMarked;
