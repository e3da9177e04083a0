package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.session.ChannelPosition;

/** What carries a connection's frames to its client at the moment. Thread-safe. */
interface Transport {
  /**
   * Sends a frame; never blocks.
   *
   * @param offset among the frames of a resumable connection; 0: of a raw socket
   * @return false: it is as good as closed
   */
  boolean send(long offset, Payload frame);

  /** Sends what is for the client library, not for the application. */
  void control(byte[] json);

  /**
   * As {@link #control}, first of all.
   *
   * @param offset of the last frame that the client has
   */
  default void welcome(long offset, byte[] json) {
    control(json);
  }

  /**
   * Sends a message of a channel; never blocks.
   *
   * @param missed whether it waited for the client, and is bounded elsewhere
   * @return false: it is as good as closed
   */
  boolean publication(Publication message, boolean missed);

  /**
   * Says where the messages of a channel begin.
   *
   * @param recovered whether none is missing before them
   */
  void subscribed(String channel, ChannelPosition at, boolean recovered);

  /** Says that no more messages of a channel come. */
  void unsubscribed(String channel);

  /**
   * What was sent so far is what waited for the client, and is bounded elsewhere. From now on it
   * has to keep up.
   */
  default void replayed() {}

  /** Bytes that wait for the client, but do not count against it. */
  long uncounted();

  /** Bytes that may yet be sent before the client is a slow one. */
  long room();

  /** Whether the client has yet to read what was sent before. */
  boolean lags();

  /** Whether its client is between two polls: what it is sent waits for the next one. */
  default boolean between() {
    return false;
  }

  /**
   * Offset of the last frame that its client may have.
   *
   * @param sent of the last that was sent
   */
  default long given(long sent) {
    return sent;
  }

  /** Says goodbye. */
  void close(int code, String reason);

  /** Ends it at once. */
  void abort();

  /** Called once a ping interval. */
  void tick();

  /** Called often after {@link #close}: cuts off a client that does not answer the goodbye. */
  void endIfOverdue();
}
