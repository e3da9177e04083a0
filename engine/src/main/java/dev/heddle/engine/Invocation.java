package dev.heddle.engine;

import dev.heddle.catalog.PositionToken;
import dev.heddle.function.Session;
import dev.heddle.process.Deadline;
import dev.heddle.process.TraceContext;
import java.util.Optional;

/**
 * What is known of one execution of a handler besides the event.
 *
 * @param depth calls above this one: 0 for a call from outside
 * @param positions that it must see, of whoever calls
 * @param deadline of the request; the function's own timeout may come first
 * @param session the cookie session that the handler may use
 */
public record Invocation(
    String id,
    String tenant,
    TraceContext trace,
    int depth,
    PositionToken positions,
    Deadline deadline,
    Optional<Session> session) {
  /** The same below another span. */
  Invocation withTrace(TraceContext other) {
    return new Invocation(id, tenant, other, depth, positions, deadline, session);
  }

  public Invocation {
    if (depth < 0) {
      throw new IllegalArgumentException("depth: " + depth + " (expected: >= 0)");
    }
  }
}
