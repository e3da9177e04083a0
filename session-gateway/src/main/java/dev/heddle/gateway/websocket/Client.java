package dev.heddle.gateway.websocket;

import java.time.Instant;

/**
 * Who is at the other end of a connection.
 *
 * @param connection the connection's id
 * @param session id of the user's cookie session
 * @param host the Host that the client asked for
 */
record Client(
    String connection,
    String tenant,
    String app,
    String session,
    Instant connectedAt,
    String host,
    String remoteAddress,
    String userAgent) {}
