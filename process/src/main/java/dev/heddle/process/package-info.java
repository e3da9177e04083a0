/**
 * What every server process needs: error codes, config, lifecycle, clock, named threads, gRPC
 * doors, trace and tenant context, credentials, telemetry.
 *
 * <p>Called by every room and by the composition roots. Values are immutable; whatever holds state
 * says in its own documentation which threads may use it.
 */
@NullMarked
package dev.heddle.process;

import org.jspecify.annotations.NullMarked;
