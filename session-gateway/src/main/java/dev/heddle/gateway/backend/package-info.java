/**
 * JSON on one side, a coordinator's gRPC services on the other. Called by the HTTP edge and the
 * WebSocket door on virtual threads; calls block until the answer, the deadline or a cancellation.
 * Wire types stay inside.
 */
@NullMarked
package dev.heddle.gateway.backend;

import org.jspecify.annotations.NullMarked;
