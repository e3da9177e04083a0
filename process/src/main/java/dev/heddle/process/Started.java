package dev.heddle.process;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.net.ConnectException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whether any code of the function ran in an invocation that failed. It travels in the trailer
 * {@code heddle-started}, as {@link #text}.
 */
public enum Started {
  /** None ran, so it may be repeated. */
  NO,
  /** Some did. */
  YES,
  /** The leaf that had the event was lost, or late: it may have run, and may still run. */
  UNKNOWN;

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("heddle-started", Metadata.ASCII_STRING_MARSHALLER);

  /** {@code no}, {@code yes} or {@code unknown}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Adds this to the trailers of a failure, in place of what they said. */
  public void put(Metadata trailers) {
    trailers.discardAll(KEY);
    trailers.put(KEY, text());
  }

  /** What a service answers after {@code failure}, as {@link GrpcErrors#toStatus}, with this. */
  public StatusRuntimeException toStatus(Throwable failure) {
    var status = GrpcErrors.toStatus(failure);
    var sent = status.getTrailers();
    var trailers = sent == null ? new Metadata() : sent;
    put(trailers);
    return status.getStatus().withCause(failure).asRuntimeException(trailers);
  }

  /**
   * What is known of a call that failed: what the other side said of it; {@link #NO} where no
   * connection was made for it; {@link #UNKNOWN} otherwise.
   *
   * @param failure of the call, or what it caused
   */
  public static Started of(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return NO;
      }
      var said = said(cause);
      if (said != null) {
        return said;
      }
    }
    return UNKNOWN;
  }

  private static @Nullable Started said(Throwable failure) {
    boolean remote =
        failure instanceof StatusRuntimeException || failure instanceof StatusException;
    var trailers = remote ? Status.trailersFromThrowable(failure) : null;
    var text = trailers == null ? null : trailers.get(KEY);
    for (var started : values()) {
      if (started.text().equals(text)) {
        return started;
      }
    }
    return null;
  }
}
