package dev.heddle.engine;

import dev.heddle.function.Session;
import dev.heddle.process.Deadline;
import java.util.Optional;

/**
 * What is known of one execution of a handler besides the event.
 *
 * @param traceId W3C trace id, 32 hex digits
 * @param deadline of the request; the function's own timeout may come first
 * @param session the cookie session that the handler may use
 */
public record Invocation(
    String id, String tenant, String traceId, Deadline deadline, Optional<Session> session) {}
