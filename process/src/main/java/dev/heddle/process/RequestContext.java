package dev.heddle.process;

import io.grpc.Context;
import org.jspecify.annotations.Nullable;

/**
 * For whom, in which trace and after what the current thread works; travels in the {@link Context}
 * of gRPC and in metadata. Threads that a room starts itself get it passed on explicitly.
 *
 * @param tenant 1..64 of letters, digits, {@code . _ -}, starting with a letter or digit
 * @param position the position token that the caller sent, as it came: at most {@link
 *     #LONGEST_POSITION} printable ASCII characters; empty: none
 * @param node whether a node of the cluster calls, not a client
 * @param priority among the tenant's own requests
 */
public record RequestContext(
    String tenant, TraceContext trace, String position, boolean node, Priority priority) {
  /** Characters of a position token at most. */
  public static final int LONGEST_POSITION = 16 << 10;

  /** The tenant of everyone where no credentials are configured. */
  public static final String DEFAULT_TENANT = "default";

  /** Where it stands in the context of gRPC. */
  public static final Context.Key<RequestContext> KEY = Context.key("heddle-request");

  public RequestContext {
    checkTenant(tenant);
    checkPosition(position);
  }

  /** Of a client. */
  public RequestContext(String tenant, TraceContext trace, String position) {
    this(tenant, trace, position, false, Priority.NORMAL);
  }

  /** Of a client that sent no position token. */
  public RequestContext(String tenant, TraceContext trace) {
    this(tenant, trace, "");
  }

  /** The same request with another position token; empty: with none. */
  public RequestContext withPosition(String other) {
    return new RequestContext(tenant, trace, other, node, priority);
  }

  /** The same request below another span. */
  public RequestContext withTrace(TraceContext other) {
    return new RequestContext(tenant, other, position, node, priority);
  }

  /** The same request with another priority. */
  public RequestContext withPriority(Priority other) {
    return new RequestContext(tenant, trace, position, node, other);
  }

  /** That of the running request; the default tenant with a fresh trace where there is none. */
  public static RequestContext current() {
    @Nullable RequestContext current = KEY.get();
    return current != null ? current : new RequestContext(DEFAULT_TENANT, TraceContext.create());
  }

  /** The current gRPC context with this in it: {@code asContext().run(…)}. */
  public Context asContext() {
    return Context.current().withValue(KEY, this);
  }

  /**
   * Returns the tenant that a node names in a message, if it calls for this one.
   *
   * @param what the message is about
   * @throws HeddleException NOT_OWNER for another one
   */
  public String ownTenant(String what, String named) {
    if (!named.equals(tenant)) {
      throw new HeddleException(
          ErrorCode.NOT_OWNER,
          "%s: of tenant %s (expected: of tenant %s, for whom the call is)"
              .formatted(what, named, tenant));
    }
    return named;
  }

  /**
   * Returns a valid tenant name as it is.
   *
   * @throws HeddleException INVALID_REQUEST for anything else
   */
  public static String checkTenant(String tenant) {
    boolean valid = !tenant.isEmpty() && tenant.length() <= 64;
    for (int i = 0; valid && i < tenant.length(); i++) {
      char c = tenant.charAt(i);
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      valid = alphanumeric || (i > 0 && (c == '.' || c == '_' || c == '-'));
    }
    if (!valid) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "tenant: " + tenant + " (expected: 1..64 letters, digits, '.', '_', '-')");
    }
    return tenant;
  }

  private static void checkPosition(String position) {
    if (position.length() > LONGEST_POSITION) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "position: "
              + position.length()
              + " characters (expected: at most "
              + LONGEST_POSITION
              + ")");
    }
    for (int i = 0; i < position.length(); i++) {
      char c = position.charAt(i);
      if (c <= ' ' || c > '~') {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "position: character "
                + (int) c
                + " at "
                + i
                + " (expected: a token as an answer carried it)");
      }
    }
  }
}
