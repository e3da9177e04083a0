/**
 * Channels: messages to many, with a history and presence. {@link
 * dev.heddle.gateway.channel.ChannelHub} is what this gateway has of them: who listens here, and an
 * index of the newest messages, so that clients that come back together do not ask the grid one by
 * one.
 */
@NullMarked
package dev.heddle.gateway.channel;

import org.jspecify.annotations.NullMarked;
