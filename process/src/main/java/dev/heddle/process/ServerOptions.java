package dev.heddle.process;

import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * How a {@link GrpcServer} serves: for whom, on which threads, within which limits.
 *
 * @param interceptors run inside of the shared ones, the first outermost
 * @param tracing makes a span of each call that is traced
 */
public record ServerOptions(
    Access access,
    Credentials credentials,
    Calls calls,
    List<ServerInterceptor> interceptors,
    Limits limits,
    Tracing tracing) {

  /** Who calls. */
  public enum Access {
    /** Clients with API keys; and nodes, on behalf of tenants. */
    PUBLIC,
    /** Nodes of this cluster only. */
    INTERNAL
  }

  /** Where calls run. */
  public sealed interface Calls {
    /** A virtual thread for each piece of work of a call: services may block. */
    record OnVirtualThreads() implements Calls {}

    /** On the event loop: services must never block. */
    record Direct() implements Calls {}

    /** On an executor that the caller owns; it outlives the server. */
    record On(Executor executor) implements Calls {}
  }

  /**
   * @param maxInboundMessage larger requests are refused
   * @param maxInboundMetadata larger headers are refused
   * @param maxConcurrentCallsPerConnection further calls of a connection wait at the client
   * @param keepAliveTime silence after which the server asks whether the client is there
   * @param keepAliveTimeout silence after that which ends the connection
   * @param permitKeepAliveTime clients that ask more often than this are cut off
   * @param shutdownGrace time for running calls at close, before they are cut off
   */
  public record Limits(
      DataSize maxInboundMessage,
      DataSize maxInboundMetadata,
      int maxConcurrentCallsPerConnection,
      Duration keepAliveTime,
      Duration keepAliveTimeout,
      Duration permitKeepAliveTime,
      Duration shutdownGrace) {

    public Limits {
      if (maxConcurrentCallsPerConnection < 1) {
        throw new IllegalArgumentException(
            "max-concurrent-calls-per-connection: "
                + maxConcurrentCallsPerConnection
                + " (expected: >= 1)");
      }
    }

    public static Limits defaults() {
      return new Limits(
          DataSize.ofMiB(32),
          // Room for the longest position token and as much again.
          DataSize.ofKiB(32),
          10_000,
          Duration.ofSeconds(60),
          Duration.ofSeconds(20),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2));
    }
  }

  public ServerOptions {
    interceptors = List.copyOf(interceptors);
  }

  /** For clients, on virtual threads, with the default limits. */
  public static ServerOptions open(Credentials credentials) {
    return new ServerOptions(
        Access.PUBLIC,
        credentials,
        new Calls.OnVirtualThreads(),
        List.of(),
        Limits.defaults(),
        Tracing.off());
  }

  /** For nodes, on virtual threads, with the default limits. */
  public static ServerOptions internal(Credentials credentials) {
    return new ServerOptions(
        Access.INTERNAL,
        credentials,
        new Calls.OnVirtualThreads(),
        List.of(),
        Limits.defaults(),
        Tracing.off());
  }

  public ServerOptions withCalls(Calls other) {
    return new ServerOptions(access, credentials, other, interceptors, limits, tracing);
  }

  /** On the event loop: services must never block. */
  public ServerOptions direct() {
    return withCalls(new Calls.Direct());
  }

  public ServerOptions withExecutor(Executor executor) {
    return withCalls(new Calls.On(executor));
  }

  public ServerOptions withInterceptors(List<ServerInterceptor> others) {
    return new ServerOptions(access, credentials, calls, others, limits, tracing);
  }

  public ServerOptions withLimits(Limits others) {
    return new ServerOptions(access, credentials, calls, interceptors, others, tracing);
  }

  public ServerOptions withTracing(Tracing other) {
    return new ServerOptions(access, credentials, calls, interceptors, limits, other);
  }
}
