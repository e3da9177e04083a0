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

  /** For whom a node calls; believed only from nodes. */
  static final Metadata.Key<String> TENANT = key("heddle-tenant");

  /** Proof of being a node of this cluster: {@code id:secret}. */
  static final Metadata.Key<String> SECRET = key("heddle-secret");

  private GrpcMetadata() {}

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
