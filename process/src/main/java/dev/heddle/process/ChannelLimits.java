package dev.heddle.process;

import java.time.Duration;

/**
 * Bounds of {@link Channels}.
 *
 * @param maxChannels addresses with a channel at the same time; beyond: LIMIT_REACHED
 * @param maxInboundMessage larger responses fail their call
 * @param keepAliveTime silence on a connection with calls after which the peer is asked
 * @param keepAliveTimeout silence after that which ends the connection and its calls
 * @param idleTimeout time without calls after which the connection is given up
 * @param reconnectFirst wait before the second attempt to connect; doubles with each
 * @param reconnectMost wait between attempts at most: a restarted node is found within it
 */
public record ChannelLimits(
    int maxChannels,
    DataSize maxInboundMessage,
    Duration keepAliveTime,
    Duration keepAliveTimeout,
    Duration idleTimeout,
    Duration reconnectFirst,
    Duration reconnectMost) {

  public ChannelLimits {
    if (maxChannels < 1) {
      throw new IllegalArgumentException("max-channels: " + maxChannels + " (expected: >= 1)");
    }
    if (!reconnectFirst.isPositive() || reconnectMost.compareTo(reconnectFirst) < 0) {
      throw new IllegalArgumentException(
          "reconnect-first: "
              + DurationFormat.format(reconnectFirst)
              + " (expected: > 0 and not above reconnect-most)");
    }
  }

  public static ChannelLimits defaults() {
    return new ChannelLimits(
        4_096,
        DataSize.ofMiB(32),
        Duration.ofSeconds(20),
        Duration.ofSeconds(5),
        Duration.ofMinutes(5),
        Duration.ofMillis(100),
        Duration.ofSeconds(2));
  }
}
