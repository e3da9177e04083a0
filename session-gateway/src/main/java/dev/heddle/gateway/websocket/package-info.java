/**
 * RFC 6455 and RFC 7692 directly on Jetty's end points: what a gateway holds of a WebSocket that
 * says nothing is one {@link dev.heddle.gateway.websocket.FramedSocket} with its {@link
 * dev.heddle.gateway.websocket.Outgoing}. Read buffers and parsers are there while something is
 * read, queues while something waits; a message to many is framed once ({@link
 * dev.heddle.gateway.websocket.WireFrame}). Knows nothing of apps, sessions or channels.
 */
@NullMarked
package dev.heddle.gateway.websocket;

import org.jspecify.annotations.NullMarked;
