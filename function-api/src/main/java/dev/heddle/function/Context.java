package dev.heddle.function;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a handler knows of its invocation, and what it may do besides computing. Valid until the
 * handler returns.
 */
public interface Context {
  String function();

  /** Content digest of the running version, in hex. */
  String version();

  String tenant();

  String invocationId();

  /** W3C trace id of the request, 32 hex digits. */
  String traceId();

  /**
   * W3C {@code traceparent} of the invocation, for what it asks of systems of its own: they belong
   * to the trace with it. A context that says nothing else names no span that is exported.
   */
  default String traceparent() {
    return "00-" + traceId() + "-0000000000000001-00";
  }

  /** Time left until the deadline; never negative. */
  Duration remaining();

  /**
   * The attributes of the cookie session behind the request.
   *
   * @throws IllegalStateException if the request came without one; see {@link #hasSession()}
   */
  Session session();

  boolean hasSession();

  /** What {@code environment} of heddle.yaml says, sorted by name. */
  Map<String, String> environment();

  /** The tenant's datasets. */
  Data data();

  /**
   * Calls another function of the tenant and waits for its reply. The call has this invocation's
   * trace and deadline, and its bill joins this one's.
   *
   * @param function {@code name} or {@code name:alias}
   * @param event a plain JSON value
   * @return the reply, a plain JSON value
   * @throws BadRequestException in the callee's words if it refused the event, or for an unknown
   *     function
   * @throws PlatformException if the call failed: beyond 8 calls deep, over a limit, late, or
   *     through the callee's own failure
   */
  @Nullable Object invoke(String function, @Nullable Object event);

  /**
   * Publishes a message to a channel.
   *
   * @param message a plain JSON value
   * @throws PlatformException if it was not published
   */
  void publish(String channel, @Nullable Object message);

  /**
   * Sends a message to one connection.
   *
   * @param message a plain JSON value
   * @throws PlatformException if it was not sent
   */
  void send(String connection, @Nullable Object message);

  /**
   * Reads JSON text, such as the body of an event.
   *
   * @return a plain JSON value, as {@link Event#json} holds
   * @throws BadRequestException if it is not JSON
   */
  @Nullable Object parseJson(String text);

  /** A plain JSON value as text, such as the body of a reply. */
  String toJson(@Nullable Object value);

  /** Appends a line to the function's log. */
  void log(String line);
}
