package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;

/** Gets the messages of channels, each channel's one after the other. Must not wait. */
public interface Subscriber {
  /** The connection's id. */
  String connection();

  /** Who its user is; empty: not known. */
  String user();

  /**
   * A subscription begins, or cannot go on where it was.
   *
   * @param at messages after this follow
   * @param recovered whether none is missing before them since the position that was asked for
   */
  void subscribed(ChannelKey channel, ChannelPosition at, boolean recovered);

  /**
   * Whether there is room for so many bytes of messages that it missed. If so, the room is kept for
   * them until it is {@link #given} back.
   *
   * @param waited whether they waited for who comes back; else they were asked for
   */
  boolean takes(long bytes, boolean waited);

  /** So many of the bytes for which room was kept are handed on, or do not come. */
  void given(long bytes, boolean waited);

  /**
   * A message.
   *
   * @param missed whether it is an old one, that waited for who comes back
   * @return false: no more are wanted
   */
  boolean publication(Publication message, boolean missed);
}
