package dev.heddle.gateway.backend;

import dev.heddle.gateway.session.UserPositions;
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
 * One request's or message's calls to the coordinator: they carry its tenant, its trace and what
 * its user has seen, and end when its client goes. Calls are made by one thread; any thread may
 * cancel.
 */
public final class BackendCall implements AutoCloseable {
  private final RequestContext request;
  private final UserPositions positions;
  private final Context.CancellableContext context;

  /** Of a user of whom nothing is known. */
  public BackendCall(RequestContext request) {
    this(request, UserPositions.none());
  }

  public BackendCall(RequestContext request, UserPositions positions) {
    this(
        request, positions, Context.ROOT.withValue(RequestContext.KEY, request).withCancellation());
  }

  private BackendCall(
      RequestContext request, UserPositions positions, Context.CancellableContext context) {
    this.request = request;
    this.positions = positions;
    this.context = context;
  }

  /** The same call, and what its user has seen; it ends with this one. */
  public BackendCall with(UserPositions users) {
    return new BackendCall(request, users, context);
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

  /** Something to close when it need not be run any more at the end of this call. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /** Runs this when the call is cancelled or closed, at once if it has been. */
  Watch onCancel(Runnable action) {
    Context.CancellationListener listener = cancelled -> action.run();
    context.addListener(listener, Runnable::run);
    return () -> context.removeListener(listener);
  }

  /** Takes a reply's position token, before the reply is handed on. */
  void seen(String token) {
    positions.seen(token);
  }

  /** The position token of the reply so far; empty: none. */
  String position() {
    return positions.reply();
  }

  /**
   * Runs gRPC calls that neither read nor write documents.
   *
   * @throws HeddleException what the coordinator answered, or what the transport met
   */
  <T> T run(Supplier<T> work) {
    return run(context, work);
  }

  /**
   * Runs gRPC calls that carry the user's position token.
   *
   * @param session whether the read must have seen what the user's session has
   * @throws HeddleException what the coordinator answered, or what the transport met
   */
  <T> T run(boolean session, Supplier<T> work) {
    String token = positions.token(session);
    return run(
        token.isEmpty()
            ? context
            : context.withValue(RequestContext.KEY, request.withPosition(token)),
        work);
  }

  private <T> T run(Context within, Supplier<T> work) {
    if (context.isCancelled()) {
      throw gone(null);
    }
    Context previous = within.attach();
    try {
      return work.get();
    } catch (StatusRuntimeException e) {
      if (context.isCancelled()) {
        throw gone(e);
      }
      HeddleException error = GrpcErrors.fromStatus(e);
      seen(error.position());
      if (error.code() == ErrorCode.POSITION_LOST) {
        positions.lost();
      }
      throw error;
    } finally {
      within.detach(previous);
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
