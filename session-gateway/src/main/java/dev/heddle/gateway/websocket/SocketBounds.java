package dev.heddle.gateway.websocket;

import org.jspecify.annotations.Nullable;

/**
 * What holds for the WebSockets of an app. Thread-safe.
 *
 * @param message bytes of a message from the client; more: close 1009
 * @param outgoing bytes that may wait for the client, except that a single message may be larger
 * @param outgoingFrames frames that may wait
 * @param slow what happens to a client beyond that
 * @param deflates for messages of clients that take them compressed; null: none do
 * @param compressAbove bytes of a message to clients up to which it goes as it is
 */
public record SocketBounds(
    long message,
    long outgoing,
    int outgoingFrames,
    SlowConsumer slow,
    @Nullable Deflates deflates,
    long compressAbove) {}
