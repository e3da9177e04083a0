/**
 * Admits, plans, scatters, gathers and bills queries; schedules plain invocations; keeps datasets
 * and functions in the catalog. The public gRPC services of {@code heddle.v1}.
 *
 * <p>Each call runs on a thread of its own (a virtual one), which alone owns the query's state and
 * waits for one queue of replies until the deadline.
 */
@NullMarked
package dev.heddle.coordinator;

import org.jspecify.annotations.NullMarked;
