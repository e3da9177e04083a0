package dev.heddle.process;

import io.grpc.Metadata;

/** The metadata keys of Heddle's calls. */
public final class GrpcMetadata {
  /** W3C trace context. */
  public static final Metadata.Key<String> TRACEPARENT = key("traceparent");

  /** {@code Bearer KEY} of a client. */
  public static final Metadata.Key<String> AUTHORIZATION = key("authorization");

  /**
   * The position token: what the caller has written or seen. Any caller may send one. As a trailer
   * of a call that failed: what the caller has seen by that.
   */
  public static final Metadata.Key<String> POSITION = key("heddle-position");

  /** The request's {@link Priority} among its tenant's, as text. Any caller may send one. */
  public static final Metadata.Key<String> PRIORITY = key("heddle-priority");

  /** A {@code heddle.v1.Bill}: what a failed invocation took. */
  public static final Metadata.Key<byte[]> BILL =
      Metadata.Key.of("heddle-bill-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** Id of a failed invocation. */
  public static final Metadata.Key<String> INVOCATION = key("heddle-invocation");

  /** The version that a failed invocation ran. */
  public static final Metadata.Key<String> FUNCTION_VERSION = key("heddle-function-version");

  /** About when there may be room for what was refused. */
  public static final Metadata.Key<String> RETRY_AFTER_MILLIS = key("heddle-retry-after-millis");

  /** For whom a node calls; believed only from nodes. */
  static final Metadata.Key<String> TENANT = key("heddle-tenant");

  /** Proof of being a node of this cluster: {@code id:secret}. */
  static final Metadata.Key<String> SECRET = key("heddle-secret");

  private GrpcMetadata() {}

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
