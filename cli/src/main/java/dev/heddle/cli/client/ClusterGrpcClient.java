package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A connection to a cluster's public gRPC port. Every call carries one trace and our key. Thread
 * safe.
 */
public final class ClusterGrpcClient implements AutoCloseable {
  private static final Metadata.Key<String> TRACEPARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<String> POSITION =
      Metadata.Key.of("heddle-position", Metadata.ASCII_STRING_MARSHALLER);

  /** Answers of the public port are at most this long; larger ones are errors. */
  private static final int MAX_MESSAGE = 64 << 20;

  /** A failure's position token and bill, which are in its trailers, and its message. */
  private static final int MAX_METADATA = 32 << 10;

  private final ClusterAddress address;
  private final Duration timeout;
  private final ManagedChannel channel;
  private final TraceContext trace = TraceContext.create();
  private final Channel intercepted;

  /**
   * @param timeout for each call, unless the call has its own
   */
  public ClusterGrpcClient(ClusterAddress address, Duration timeout) {
    this.address = address;
    this.timeout = timeout;
    this.channel =
        Grpc.newChannelBuilder(address.grpc().toString(), InsecureChannelCredentials.create())
            .maxInboundMessageSize(MAX_MESSAGE)
            .maxInboundMetadataSize(MAX_METADATA)
            .directExecutor()
            .build();
    this.intercepted = ClientInterceptors.intercept(channel, new Credentials(trace, address.key()));
  }

  /** The trace of all calls of this client, 32 hex digits. */
  public String traceId() {
    return trace.traceId();
  }

  Channel channel() {
    return intercepted;
  }

  <S extends AbstractStub<S>> S timed(S stub) {
    return timed(stub, timeout);
  }

  <S extends AbstractStub<S>> S timed(S stub, Duration callTimeout) {
    return stub.withDeadlineAfter(callTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** A stub whose calls carry a position token. */
  <S extends AbstractStub<S>> S positioned(S stub, Optional<String> token) {
    if (token.isEmpty()) {
      return stub;
    }
    Metadata headers = new Metadata();
    headers.put(POSITION, token.get());
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Runs a call, its errors turned into ours. */
  <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /** What an error of a call means for the person who asked. */
  RemoteFailure failure(Throwable error) {
    if (refused(error)) {
      return new RemoteFailure(
          new HeddleException(
              ErrorCode.UNAVAILABLE,
              "nothing answers at "
                  + address.grpc()
                  + " (expected: a running cluster; start one with 'heddle demo', or say where it"
                  + " is with --grpc HOST:PORT)",
              error),
          "");
    }
    return new RemoteFailure(GrpcErrors.fromStatus(error), traceOf(error));
  }

  /** As the server says, which knows best; else ours, under which it may have logged something. */
  private String traceOf(Throwable error) {
    Metadata trailers = Status.trailersFromThrowable(error);
    String said = trailers == null ? null : trailers.get(GrpcErrors.TRACE);
    return said == null ? trace.traceId() : said;
  }

  private static boolean refused(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** Adds trace and key to each call. */
  private record Credentials(TraceContext trace, Optional<String> key)
      implements ClientInterceptor {
    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(
        MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          headers.put(TRACEPARENT, trace.child().traceparent());
          key.ifPresent(value -> headers.put(AUTHORIZATION, "Bearer " + value));
          super.start(listener, headers);
        }
      };
    }
  }
}
