package dev.heddle.process;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends failed calls with the status of {@link GrpcErrors}, however the service failed: by throwing,
 * or by handing any exception to its observer. Logs what an operator has to see, once, with trace.
 */
final class ErrorInterceptor implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(ErrorInterceptor.class);

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    FailingCall<A, B> failing = new FailingCall<>(call, RequestContext.current());
    try {
      return new FailingListener<>(next.startCall(failing, headers), failing);
    } catch (RuntimeException | Error e) {
      failing.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  private static final class FailingCall<A, B> extends SimpleForwardingServerCall<A, B> {
    private final RequestContext request;
    private final AtomicBoolean closed = new AtomicBoolean();

    FailingCall(ServerCall<A, B> call, RequestContext request) {
      super(call);
      this.request = request;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!closed.compareAndSet(false, true)) {
        log.debug("call ended twice status={}", status);
        return;
      }
      if (status.isOk()) {
        super.close(status, trailers);
        return;
      }
      Status sent = status;
      Throwable cause = status.getCause();
      if (!trailers.containsKey(GrpcErrors.ERROR) && cause != null) {
        StatusRuntimeException mapped = GrpcErrors.toStatus(cause);
        sent = mapped.getStatus();
        Metadata more = mapped.getTrailers();
        if (more != null) {
          trailers.merge(more);
        }
      }
      trailers.discardAll(GrpcErrors.TRACE);
      trailers.put(GrpcErrors.TRACE, request.trace().traceId());
      log(sent, trailers);
      super.close(sent, trailers);
    }

    void fail(Throwable failure) {
      StatusRuntimeException mapped = GrpcErrors.toStatus(failure);
      Metadata trailers = mapped.getTrailers();
      close(mapped.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    private void log(Status status, Metadata trailers) {
      String method = getMethodDescriptor().getFullMethodName();
      String error = trailers.get(GrpcErrors.ERROR);
      ErrorCode code = GrpcErrors.fromStatus(status.asRuntimeException(trailers)).code();
      if (code == ErrorCode.INTERNAL || code == ErrorCode.STORAGE_FAILED) {
        log.error(
            "call failed method={} error=\"{}\" tenant={} trace={} message=\"{}\"",
            method,
            error,
            request.tenant(),
            request.trace().traceId(),
            status.getDescription(),
            status.getCause());
      } else {
        log.debug(
            "call refused method={} error=\"{}\" status={} tenant={} trace={} message=\"{}\"",
            method,
            error,
            status.getCode(),
            request.tenant(),
            request.trace().traceId(),
            status.getDescription());
      }
    }
  }

  private static final class FailingListener<A> extends SimpleForwardingServerCallListener<A> {
    private final FailingCall<A, ?> call;

    FailingListener(ServerCall.Listener<A> listener, FailingCall<A, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(A message) {
      guarded(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      guarded(super::onHalfClose);
    }

    @Override
    public void onReady() {
      guarded(super::onReady);
    }

    @Override
    public void onCancel() {
      guarded(super::onCancel);
    }

    @Override
    public void onComplete() {
      guarded(super::onComplete);
    }

    private void guarded(Runnable step) {
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }
  }
}
