/**
 * The service that executes leaves and plain invocations: functions beside local shards.
 *
 * <p>Called by coordinators over the internal gRPC services. Event-loop threads only decode and
 * hand off: scatter functions run on the few threads of the compute pool, handlers on the engine's
 * own threads, and writes wait for their fsync on virtual threads.
 */
@NullMarked
package dev.heddle.leaf;

import org.jspecify.annotations.NullMarked;
