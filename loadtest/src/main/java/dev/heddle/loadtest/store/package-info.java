/**
 * Experiments about the replicated store: what writes cost beside bare Lucene, and what replicas at
 * rest cost.
 *
 * <p>Called by {@link dev.heddle.loadtest.Bench}, on one thread. Each starts a cluster of processes
 * of its own and ends it.
 */
@NullMarked
package dev.heddle.loadtest.store;

import org.jspecify.annotations.NullMarked;
