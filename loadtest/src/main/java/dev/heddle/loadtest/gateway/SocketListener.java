package dev.heddle.loadtest.gateway;

/** What becomes of a socket. Called by the thread of the socket's event loop, one at a time. */
interface SocketListener {
  /** A whole text or, by its bytes as UTF-8, a binary message. */
  void text(ClientSocket socket, String text);

  /** The answer to a ping. */
  default void pong() {}

  /**
   * The socket is over; called once, and only where it was open.
   *
   * @param code of the close frame; {@link ClientSocket#NO_CLOSE_FRAME} where there was none
   */
  default void closed(int code) {}
}
