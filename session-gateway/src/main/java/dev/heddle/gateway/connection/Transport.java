package dev.heddle.gateway.connection;

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
   * What was sent so far is what waited for the client, and is bounded elsewhere. From now on it
   * has to keep up.
   */
  default void replayed() {}

  /** Whether the client has yet to read what was sent before. */
  boolean lags();

  /** Says goodbye. */
  void close(int code, String reason);

  /** Ends it at once. */
  void abort();

  /** Called once a ping interval. */
  void tick();

  /** Called often after {@link #close}: cuts off a client that does not answer the goodbye. */
  void endIfOverdue();
}
