package dev.heddle.process;

import io.grpc.CallOptions;
import io.grpc.stub.AbstractStub;

/**
 * A gRPC service whose unary methods may run on the thread of a caller in the same process, if that
 * waits for the answer anyway: it saves two changes of threads. They may block, and must end by
 * themselves at the deadline and when {@link io.grpc.Context#current} is cancelled, for nobody can
 * leave them. Not for what functions call: how much of its stack a function's thread has left is
 * the function's affair, and what the service does must not end in the middle. Callers that cannot
 * promise all that say so with {@link #elsewhere}.
 */
public interface CallerThreadService {
  /** Whether the call is not for its caller's thread. */
  CallOptions.Key<Boolean> ELSEWHERE =
      CallOptions.Key.createWithDefault("heddle-elsewhere", Boolean.FALSE);

  /** The stub, whose calls run on the server's threads as those from any other process do. */
  static <S extends AbstractStub<S>> S elsewhere(S stub) {
    return stub.withOption(ELSEWHERE, Boolean.TRUE);
  }
}
