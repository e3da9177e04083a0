package dev.heddle.gateway.session;

/**
 * Bounds of the channels that one member of the grid owns; as much again are its backups of
 * others'.
 *
 * @param bytes of all their messages, and about 600 more for each channel and 100 for each message
 * @param tenantBytes of one tenant's
 * @param channels that have messages, and as many again that have none yet
 * @param tenantChannels of one tenant, counted so too
 */
public record ChannelBounds(long bytes, long tenantBytes, int channels, int tenantChannels) {
  /** Before anybody has said any. */
  static final ChannelBounds NONE =
      new ChannelBounds(Long.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
}
