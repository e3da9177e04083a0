package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelBounds;
import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * Bounds of channels.
 *
 * @param message bytes of one
 * @param history bytes of messages that a channel keeps, sealed, in the grid; and that a gateway
 *     keeps of it, opened. One message may be larger
 * @param messages that a channel keeps, at most
 * @param index bytes of messages that a gateway keeps of all channels; beyond, of each channel that
 *     gets more, the newest only
 * @param replay bytes of missed messages that may wait for a client that comes back, besides what
 *     may wait for any; channels beyond are not recovered
 * @param total bytes of all channels that a gateway's member of the grid owns; its backups of
 *     others' are as much again. At nine tenths those that were silent for longest forget their
 *     messages, and beyond, messages are refused
 * @param tenantTotal bytes of one tenant's channels, in the same way
 * @param channels with messages that a gateway's member of the grid owns; and as many again that
 *     are listened to and have none yet
 * @param tenantChannels of one tenant, in the same way
 * @param subscriptions channels that one connection may listen to
 * @param idle how long a gateway keeps what it has of a channel that nobody here listens to
 * @param look how often a gateway looks whether it has missed any news
 */
public record ChannelLimits(
    DataSize message,
    DataSize history,
    int messages,
    DataSize index,
    DataSize replay,
    DataSize total,
    DataSize tenantTotal,
    int channels,
    int tenantChannels,
    int subscriptions,
    Duration idle,
    Duration look) {
  /** Nobody may allow more: what names channels is bounded before anybody knows whose they are. */
  public static final int MOST_SUBSCRIPTIONS = 1_000;

  private static final DataSize KIB = DataSize.ofKiB(1);

  public ChannelLimits {
    check("message", message, KIB, DataSize.ofMiB(1));
    check("history", history, KIB, DataSize.ofMiB(16));
    check("messages", messages, 100_000);
    check("index", index, KIB, DataSize.ofGiB(64));
    check("replay", replay, KIB, DataSize.ofMiB(64));
    check("total", total, KIB, DataSize.ofGiB(64));
    if (tenantTotal.compareTo(KIB) < 0 || tenantTotal.compareTo(total) > 0) {
      throw invalid("tenant-total", tenantTotal, "1KiB..total, which is " + total);
    }
    check("channels", channels, 10_000_000);
    if (tenantChannels < 1 || tenantChannels > channels) {
      throw invalid("tenant-channels", tenantChannels, "1..channels, which is " + channels);
    }
    check("subscriptions", subscriptions, MOST_SUBSCRIPTIONS);
    check("idle", idle, Duration.ofSeconds(1), Duration.ofHours(1));
    check("look", look, Duration.ofMillis(10), Duration.ofMinutes(1));
  }

  private static void check(String name, DataSize value, DataSize least, DataSize most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw invalid(name, value, least + ".." + most);
    }
  }

  private static void check(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw invalid(name, value, "1.." + most);
    }
  }

  private static void check(String name, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw invalid(name, value, least.toMillis() + "ms.." + most.toSeconds() + "s");
    }
  }

  private static IllegalArgumentException invalid(String name, Object value, String expected) {
    return new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
  }

  /** Of the channels that this gateway's member of the grid owns. */
  ChannelBounds bounds() {
    return new ChannelBounds(total.bytes(), tenantTotal.bytes(), channels, tenantChannels);
  }

  /** The documented defaults. */
  public static ChannelLimits defaults() {
    return new ChannelLimits(
        DataSize.ofKiB(128),
        DataSize.ofKiB(256),
        1_000,
        DataSize.ofMiB(64),
        DataSize.ofMiB(1),
        DataSize.ofMiB(256),
        DataSize.ofMiB(128),
        20_000,
        10_000,
        100,
        Duration.ofSeconds(60),
        Duration.ofSeconds(1));
  }
}
