package dev.heddle.function;

import java.time.Duration;
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

  /** Time left until the deadline; never negative. */
  Duration remaining();

  /**
   * The attributes of the cookie session behind the request.
   *
   * @throws IllegalStateException if the request came without one; see {@link #hasSession()}
   */
  Session session();

  boolean hasSession();

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
