package dev.heddle.process;

import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Gives every call its {@link RequestContext}, or refuses whoever may not call. */
final class RequestContextInterceptor implements ServerInterceptor {
  /** Load balancers ask for health without credentials. */
  private static final String HEALTH = "grpc.health.v1.Health";

  private final ServerOptions.Access access;
  private final Credentials credentials;

  RequestContextInterceptor(ServerOptions.Access access, Credentials credentials) {
    this.access = access;
    this.credentials = credentials;
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    TraceContext trace =
        TraceContext.parse(headers.get(GrpcMetadata.TRACEPARENT)).orElseGet(TraceContext::create);
    RequestContext request;
    try {
      boolean health = HEALTH.equals(call.getMethodDescriptor().getServiceName());
      String position = headers.get(GrpcMetadata.POSITION);
      request =
          new RequestContext(
              health ? RequestContext.DEFAULT_TENANT : tenant(headers),
              trace,
              position == null ? "" : position,
              access == ServerOptions.Access.INTERNAL
                  || credentials.trustsAsNode(headers.get(GrpcMetadata.SECRET)),
              Priority.parse(headers.get(GrpcMetadata.PRIORITY)));
    } catch (HeddleException e) {
      StatusRuntimeException refusal = GrpcErrors.toStatus(e);
      Metadata trailers = Objects.requireNonNullElseGet(refusal.getTrailers(), Metadata::new);
      trailers.put(GrpcErrors.TRACE, trace.traceId());
      call.close(refusal.getStatus(), trailers);
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(request.asContext(), call, headers, next);
  }

  private String tenant(Metadata headers) {
    String secret = headers.get(GrpcMetadata.SECRET);
    if (credentials.requiresClusterSecret()) {
      if (credentials.isNode(secret)) {
        return tenantOfNode(headers.get(GrpcMetadata.TENANT));
      }
      if (secret != null || access == ServerOptions.Access.INTERNAL) {
        throw new HeddleException(
            ErrorCode.UNAUTHENTICATED, "heddle-secret: refused (expected: the cluster's secret)");
      }
    } else if (access == ServerOptions.Access.INTERNAL) {
      return tenantOfNode(headers.get(GrpcMetadata.TENANT));
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
