package dev.heddle.process;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/** The span of a call that came in: it ends with its status, or when nobody waits any more. */
final class CallSpan<A, B> extends SimpleForwardingServerCall<A, B> {
  private final TraceSpan span;

  CallSpan(ServerCall<A, B> call, TraceSpan span) {
    super(call);
    this.span = span;
  }

  /** Also ends the span when the caller goes. */
  static <A> ServerCall.Listener<A> ending(ServerCall.Listener<A> listener, TraceSpan span) {
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        try {
          super.onCancel();
        } finally {
          // Work that still runs answers to nobody.
          span.set("heddle.cancelled", true);
          close(span, Status.CANCELLED, new Metadata());
        }
      }
    };
  }

  @Override
  public void close(Status status, Metadata trailers) {
    close(span, status, trailers);
    super.close(status, trailers);
  }

  private static void close(TraceSpan span, Status status, Metadata trailers) {
    span.set("rpc.grpc.status_code", status.getCode().value());
    if (status.getCode() == Status.Code.CANCELLED) {
      // Who was outrun, or whose caller went, has not failed.
      span.set("error.type", ErrorCode.CANCELLED.name());
    } else if (!status.isOk()) {
      span.failed(GrpcErrors.fromStatus(status.asRuntimeException(trailers)).code());
    }
    span.end();
  }
}
