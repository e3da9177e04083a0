package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the answers to a client's frame go. Thread-safe. */
interface Replies {
  Client client();

  /** Sends a frame; false: no more are wanted. */
  boolean send(Payload frame);

  /** Sends the last frame: it may leave only with the end of the call. */
  void answer(Payload frame);

  /** Whether the client has yet to read what was sent before. */
  boolean lags();

  /** Ends the connection for good. */
  void close(int code, String reason);

  /** What earlier invocations left. */
  Handed handed();

  /** Leaves this for the next ones. */
  void hand(Handed next);

  /**
   * The connection begins to listen to channels, and ends it.
   *
   * @throws dev.heddle.process.HeddleException LIMIT_REACHED for too many
   */
  void channels(Set<String> subscribe, Set<String> unsubscribe);

  /** The call that the frame in work waits for; null: none any more. */
  void inFlight(@Nullable BackendCall call);
}
