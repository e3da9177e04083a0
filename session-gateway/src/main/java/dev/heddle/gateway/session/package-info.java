/**
 * Cookie sessions: the signed cookie, and attributes that every gateway node sees. Called by the
 * HTTP edge and the WebSocket door on virtual threads, and by running handlers through the internal
 * service. Attributes live encrypted in a grid that spans the gateway nodes; its entry processors
 * run on the grid's partition threads.
 */
@NullMarked
package dev.heddle.gateway.session;

import org.jspecify.annotations.NullMarked;
