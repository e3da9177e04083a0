package dev.heddle.gateway.backend;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request's or message's calls to the coordinator: they carry its tenant and trace, and end
 * when its client goes. Calls are made by one thread; any thread may cancel.
 */
public final class BackendCall implements AutoCloseable {
  private final RequestContext request;
  private final Context.CancellableContext context;

  public BackendCall(RequestContext request) {
    this.request = request;
    this.context = Context.ROOT.withValue(RequestContext.KEY, request).withCancellation();
  }

  public RequestContext request() {
    return request;
  }

  /** Ends running calls and refuses later ones. */
  public void cancel(String reason) {
    context.cancel(new CancellationException(reason));
  }

  public boolean cancelled() {
    return context.isCancelled();
  }

  /**
   * Runs gRPC calls.
   *
   * @throws HeddleException what the coordinator answered, or what the transport met
   */
  <T> T run(Supplier<T> work) {
    if (context.isCancelled()) {
      throw gone(null);
    }
    Context previous = context.attach();
    try {
      return work.get();
    } catch (StatusRuntimeException e) {
      if (context.isCancelled()) {
        throw gone(e);
      }
      throw GrpcErrors.fromStatus(e);
    } finally {
      context.detach(previous);
    }
  }

  private HeddleException gone(@Nullable Throwable cause) {
    Throwable why = context.cancellationCause();
    String message = why == null ? null : why.getMessage();
    return new HeddleException(
        ErrorCode.CANCELLED, message == null ? "request: cancelled" : message, cause);
  }

  @Override
  public void close() {
    context.cancel(null);
  }
}
