package dev.heddle.gateway.websocket;

/** Whose a socket is. Messages come one at a time, controls between them. */
public interface SocketListener {
  /** It is open; messages come after {@link FramedSocket#demand}. May block. */
  void opened(FramedSocket socket);

  /**
   * Frames of messages have come, of which none need be whole.
   *
   * @param bytes of the message that is told of next, as it came or expanded, whichever are more;
   *     0: none is
   */
  void came(int frames, int bytes);

  /** A message; the next one comes after {@link FramedSocket#demand}. May block. */
  void message(byte[] payload, boolean binary);

  /**
   * A ping, which has been answered, or a pong.
   *
   * @param bytes of a ping's payload
   */
  void control(int bytes);

  /** The client does not keep up, and is not to be sent more. Does not block. */
  void slow();

  /** It has failed: what waits for it may end. Its end follows. Does not block. */
  void failed();

  /** It is over, once, also where it was never open. Does not block. */
  void ended(int code, String reason);
}
