/**
 * Connections, what carries them (WebSockets, streams of events, polls), and the apps that they
 * speak to. A connection's frames are answered one after the other, each on a virtual thread; no
 * further frame is taken meanwhile. Apps are looked up for each frame, so that they and their
 * functions change under open connections. What a resumable connection is, and what its client has
 * not read, stands in the grid before it counts; a gateway only carries it for a while.
 */
@NullMarked
package dev.heddle.gateway.connection;

import org.jspecify.annotations.NullMarked;
