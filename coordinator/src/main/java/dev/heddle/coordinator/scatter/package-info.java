/**
 * Calls to leaves: one for each (query, leaf) with all its shards, their answers and their
 * cancellation; and the streams by which leaves tell of their replicas.
 *
 * <p>Sent by a query's own thread; answers arrive on transport threads, which only hand them over.
 */
@NullMarked
package dev.heddle.coordinator.scatter;

import org.jspecify.annotations.NullMarked;
