package dev.heddle.process;

import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.opentelemetry.api.trace.SpanKind;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives every call its {@link RequestContext}, or refuses whoever may not call. Who is told without
 * metadata is believed no more than one who wrote the same into it.
 */
final class RequestContextInterceptor implements ServerInterceptor {
  /** Load balancers ask for health without credentials. */
  private static final String HEALTH = "grpc.health.v1.Health";

  private final ServerOptions.Access access;
  private final Credentials credentials;
  private final Tracing tracing;

  RequestContextInterceptor(ServerOptions options) {
    this.access = options.access();
    this.credentials = options.credentials();
    this.tracing = options.tracing();
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    var told = call instanceof CallerThreadCalls.Tells within ? within.caller() : null;
    @Nullable TraceContext caller =
        told != null
            ? told.trace()
            : TraceContext.parse(headers.get(GrpcMetadata.TRACEPARENT)).orElse(null);
    boolean health = HEALTH.equals(call.getMethodDescriptor().getServiceName());
    // Nobody follows a load balancer's question.
    TraceSpan span =
        health ? TraceSpan.NONE : tracing.call(caller, call.getMethodDescriptor(), SpanKind.SERVER);
    TraceContext trace = span.within(caller);
    ServerCall<A, B> traced = span.recording() ? new CallSpan<>(call, span) : call;
    RequestContext request;
    try {
      String named = told != null ? told.tenant() : headers.get(GrpcMetadata.TENANT);
      String position = told != null ? told.position() : headers.get(GrpcMetadata.POSITION);
      request =
          new RequestContext(
              health ? RequestContext.DEFAULT_TENANT : tenant(headers, named),
              trace,
              position == null ? "" : position,
              access == ServerOptions.Access.INTERNAL
                  || credentials.trustsAsNode(headers.get(GrpcMetadata.SECRET)),
              told != null ? told.priority() : Priority.parse(headers.get(GrpcMetadata.PRIORITY)));
    } catch (HeddleException e) {
      StatusRuntimeException refusal = GrpcErrors.toStatus(e);
      Metadata trailers = Objects.requireNonNullElseGet(refusal.getTrailers(), Metadata::new);
      trailers.put(GrpcErrors.TRACE, trace.traceId());
      traced.close(refusal.getStatus(), trailers);
      return new ServerCall.Listener<>() {};
    }
    var listener = Contexts.interceptCall(request.asContext(), traced, headers, next);
    return span.recording() ? CallSpan.ending(listener, span) : listener;
  }

  /**
   * @param named by the caller; believed only if it is a node
   */
  private String tenant(Metadata headers, @Nullable String named) {
    String secret = headers.get(GrpcMetadata.SECRET);
    if (credentials.requiresClusterSecret()) {
      if (credentials.isNode(secret)) {
        return tenantOfNode(named);
      }
      if (secret != null || access == ServerOptions.Access.INTERNAL) {
        throw new HeddleException(
            ErrorCode.UNAUTHENTICATED, "heddle-secret: refused (expected: the cluster's secret)");
      }
    } else if (access == ServerOptions.Access.INTERNAL) {
      return tenantOfNode(named);
    }
    return credentials
        .tenant(headers.get(GrpcMetadata.AUTHORIZATION))
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNAUTHENTICATED,
                "authorization: refused (expected: Bearer and a valid API key)"));
  }

  private static String tenantOfNode(@Nullable String tenant) {
    return tenant == null ? RequestContext.DEFAULT_TENANT : tenant;
  }
}
