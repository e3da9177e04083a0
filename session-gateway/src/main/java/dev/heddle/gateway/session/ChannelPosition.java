package dev.heddle.gateway.session;

/**
 * A place in a channel's history: everything up to it is known.
 *
 * @param epoch the line of the history that the offset counts in
 * @param offset of the last message, from 1 on; 0: before the first one
 */
public record ChannelPosition(String epoch, long offset) {}
