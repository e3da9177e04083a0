/**
 * Before the scatter: what is known of replicas, which leaf answers for which shards, and the
 * statistics that scores rest on.
 *
 * <p>Called by a query's own thread; what is shared between queries is safe for many threads.
 */
@NullMarked
package dev.heddle.coordinator.plan;

import org.jspecify.annotations.NullMarked;
