package dev.heddle.gateway.websocket;

/**
 * What happens to a raw socket whose client reads more slowly than it is sent to. A resumable
 * connection's socket is always closed: what it has not read waits in its history.
 */
public enum SlowConsumer {
  /** The connection is closed, with 3008. */
  CLOSE,
  /** The frames that wait for longest are dropped. */
  DROP_OLDEST,
  /**
   * All frames that wait are dropped for the newest: for states, each of which replaces the last.
   */
  LATEST
}
