package dev.heddle.gateway.connection;

import java.time.Instant;

/**
 * A connection as others may see it.
 *
 * @param active when its client connected, came back, or sent a frame
 * @param resumable whether it survives its socket
 * @param attached whether it has one, or a stream or poll, at the moment
 */
record Described(Client client, Instant active, boolean resumable, boolean attached) {}
