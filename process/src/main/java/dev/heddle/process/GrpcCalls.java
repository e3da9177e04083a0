package dev.heddle.process;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.Callable;

/** Answers calls with plain blocking code; keeps the *GrpcService classes thin. */
public final class GrpcCalls {
  private GrpcCalls() {}

  /** Runs {@code body} on the calling thread and sends its response, or its failure. */
  public static <T> void unary(StreamObserver<T> observer, Callable<T> body) {
    T response;
    try {
      response = body.call();
    } catch (Exception | Error e) {
      fail(observer, e);
      return;
    }
    observer.onNext(response);
    observer.onCompleted();
  }

  /** Ends a call with the status of {@code failure}. */
  public static void fail(StreamObserver<?> observer, Throwable failure) {
    if (failure instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    observer.onError(GrpcErrors.toStatus(failure));
  }
}
