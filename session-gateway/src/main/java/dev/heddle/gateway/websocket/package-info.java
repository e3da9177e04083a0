/**
 * WebSocket connections and the apps that they speak to. A connection's frames are answered one
 * after the other, each on a virtual thread; no further frame is demanded meanwhile. Apps are
 * looked up for each frame, so that they and their functions change under open connections.
 */
@NullMarked
package dev.heddle.gateway.websocket;

import org.jspecify.annotations.NullMarked;
