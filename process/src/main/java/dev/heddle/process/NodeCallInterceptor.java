package dev.heddle.process;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.net.ConnectException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Adds to a node's call in which trace, for whom and, to public services, after what it is, and
 * that a node of the cluster calls. A call that the other side has cut off ends as UNAVAILABLE:
 * CANCELLED is left for callers who have cancelled. The failure of one for which there was no
 * connection in time is caused by a {@link ConnectException}: nothing can have come of it.
 */
final class NodeCallInterceptor implements ClientInterceptor {
  /** Services between nodes name positions in their messages: the token would only cost. */
  private static final String PUBLIC = "heddle.v1.";

  private final Optional<String> secret;

  NodeCallInterceptor(Optional<String> secret) {
    this.secret = secret;
  }

  @Override
  public <A, B> ClientCall<A, B> interceptCall(
      MethodDescriptor<A, B> method, CallOptions callOptions, Channel next) {
    RequestContext request = RequestContext.current();
    boolean internal = !method.getFullMethodName().startsWith(PUBLIC);
    Sending sending = new Sending();
    return new NodeCall<>(
        next.newCall(method, callOptions.withStreamTracerFactory(sending)),
        request,
        internal ? "" : request.position(),
        sending);
  }

  /** Notes whether a call was ever handed to a connection. */
  private static final class Sending extends ClientStreamTracer.Factory {
    private volatile boolean begun;

    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new ClientStreamTracer() {
        @Override
        public void streamCreated(Attributes transport, Metadata headers) {
          begun = true;
        }
      };
    }
  }

  private final class NodeCall<A, B> extends SimpleForwardingClientCall<A, B> {
    private final RequestContext request;
    private final String position;
    private final Sending sending;
    private final Context context = Context.current();
    private volatile boolean cancelled;

    NodeCall(ClientCall<A, B> call, RequestContext request, String position, Sending sending) {
      super(call);
      this.request = request;
      this.position = position;
      this.sending = sending;
    }

    @Override
    public void start(Listener<B> responseListener, Metadata headers) {
      // A span of the call itself is its callee's: what is told is who called.
      var trace = request.trace();
      if (delegate() instanceof CallerThreadCalls.Told within) {
        within.caller(
            new RequestContext(request.tenant(), trace, position, true, request.priority()));
      } else {
        write(trace, headers);
      }
      secret.ifPresent(value -> headers.put(GrpcMetadata.SECRET, value));
      super.start(
          new SimpleForwardingClientCallListener<>(responseListener) {
            @Override
            public void onClose(Status status, Metadata trailers) {
              super.onClose(seen(status, trailers), trailers);
            }
          },
          headers);
    }

    private void write(TraceContext trace, Metadata headers) {
      headers.put(GrpcMetadata.TRACEPARENT, trace.traceparent());
      headers.put(GrpcMetadata.TENANT, request.tenant());
      if (!position.isEmpty()) {
        headers.put(GrpcMetadata.POSITION, position);
      }
      if (request.priority() != Priority.NORMAL) {
        headers.put(GrpcMetadata.PRIORITY, request.priority().text());
      }
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
      cancelled = true;
      super.cancel(message, cause);
    }

    private Status seen(Status status, Metadata trailers) {
      if (!status.isOk() && !sending.begun) {
        ConnectException unsent = new ConnectException("no connection in time");
        unsent.initCause(status.getCause());
        return status.withCause(unsent);
      }
      boolean cutOff =
          status.getCode() == Status.Code.CANCELLED
              && !cancelled
              && !context.isCancelled()
              && !trailers.containsKey(GrpcErrors.ERROR);
      return cutOff
          ? Status.UNAVAILABLE
              .withDescription("cut off by the other side: " + status.getDescription())
              .withCause(status.getCause())
          : status;
    }
  }
}
