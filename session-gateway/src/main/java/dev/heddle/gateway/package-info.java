/**
 * The gateway role: the HTTP edge, WebSocket connections and cookie sessions of one node. Started
 * and closed by the process that it is part of; its rooms run on virtual threads.
 */
@NullMarked
package dev.heddle.gateway;

import org.jspecify.annotations.NullMarked;
