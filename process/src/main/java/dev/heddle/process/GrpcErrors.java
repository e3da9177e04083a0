package dev.heddle.process;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The one mapping between {@link ErrorCode} and gRPC. The code itself travels in the trailer {@code
 * heddle-error} as {@code 1003 UNKNOWN_DATASET}; the status is for clients that do not read it.
 * What the caller has seen by the failure is in the trailer {@code heddle-position}, as a token.
 */
public final class GrpcErrors {
  /** Number and name of the {@link ErrorCode}. */
  public static final Metadata.Key<String> ERROR =
      Metadata.Key.of("heddle-error", Metadata.ASCII_STRING_MARSHALLER);

  /** The trace id of the failed call. */
  public static final Metadata.Key<String> TRACE =
      Metadata.Key.of("heddle-trace", Metadata.ASCII_STRING_MARSHALLER);

  /** The node that leads, of a refusal by one that does not. */
  public static final Metadata.Key<String> LEADER =
      Metadata.Key.of("heddle-leader-node", Metadata.ASCII_STRING_MARSHALLER);

  private static final int LONGEST_MESSAGE = 2_000;

  private GrpcErrors() {}

  /** What a service answers after {@code failure}, which becomes the cause and is not sent. */
  public static StatusRuntimeException toStatus(Throwable failure) {
    HeddleException known = fromStatus(failure);
    Metadata trailers = new Metadata();
    trailers.put(ERROR, known.code().number() + " " + known.code().name());
    if (!known.position().isEmpty()) {
      trailers.put(GrpcMetadata.POSITION, known.position());
    }
    if (!known.leader().isEmpty()) {
      trailers.put(LEADER, known.leader());
    }
    if (known.retryAfter().isPositive()) {
      // Rounded up: who comes a moment early is refused again.
      long millis = known.retryAfter().plusNanos(999_999).toMillis();
      trailers.put(GrpcMetadata.RETRY_AFTER_MILLIS, Long.toString(millis));
    }
    return status(known.code())
        .withDescription(shortened(known.getMessage()))
        .withCause(failure)
        .asRuntimeException(trailers);
  }

  /**
   * What happened, from what a call or a service threw. Anything unforeseen is INTERNAL with a
   * message that gives nothing away; the cause says it all.
   */
  public static HeddleException fromStatus(Throwable failure) {
    return switch (unwrapped(failure)) {
      case HeddleException e -> e;
      case StatusRuntimeException e -> fromStatus(e.getStatus(), e.getTrailers(), e);
      case StatusException e -> fromStatus(e.getStatus(), e.getTrailers(), e);
      case InterruptedException e -> {
        Thread.currentThread().interrupt();
        yield new HeddleException(ErrorCode.CANCELLED, "interrupted", e);
      }
      case CancellationException e -> new HeddleException(ErrorCode.CANCELLED, "cancelled", e);
      case TimeoutException e -> new HeddleException(ErrorCode.DEADLINE_EXCEEDED, "timed out", e);
      case Throwable e ->
          new HeddleException(
              ErrorCode.INTERNAL, "internal error: " + e.getClass().getSimpleName(), e);
    };
  }

  /** The gRPC status that stands for {@code code}. */
  public static Status status(ErrorCode code) {
    return switch (code) {
      case INVALID_REQUEST,
          MALFORMED_JSON,
          UNKNOWN_FIELD,
          UNKNOWN_PARAMETER,
          TYPE_MISMATCH,
          OUT_OF_RANGE,
          TOO_LARGE,
          INVALID_FUNCTION,
          METHOD_NOT_ALLOWED,
          INVALID_DOCUMENT,
          INVALID_SCHEMA,
          FUNCTION_REJECTED,
          UNSUPPORTED_MEDIA_TYPE ->
          Status.INVALID_ARGUMENT;
      case UNKNOWN_DATASET, UNKNOWN_FUNCTION, UNKNOWN_APP, NOT_FOUND, GONE -> Status.NOT_FOUND;
      case VERSION_CONFLICT, POSITION_LOST -> Status.FAILED_PRECONDITION;
      case ALREADY_EXISTS -> Status.ALREADY_EXISTS;
      case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
      case FORBIDDEN -> Status.PERMISSION_DENIED;
      case CONFLICT, REVISION_CONFLICT -> Status.ABORTED;
      case OVERLOADED, QUEUE_FULL, LIMIT_REACHED, STORAGE_FULL -> Status.RESOURCE_EXHAUSTED;
      case NOT_OFFERED -> Status.UNIMPLEMENTED;
      case INTERNAL,
          FUNCTION_FAILED,
          FUNCTION_INIT_FAILED,
          FUNCTION_RESULT_INVALID,
          FUNCTION_RESULT_TOO_LARGE,
          FUNCTION_MERGE_FAILED,
          FUNCTION_MEMORY_EXCEEDED,
          STORAGE_FAILED ->
          Status.INTERNAL;
      case DEADLINE_EXCEEDED, FUNCTION_TIMED_OUT -> Status.DEADLINE_EXCEEDED;
      case UNAVAILABLE,
          COVERAGE_TOO_LOW,
          CATALOG_UNAVAILABLE,
          NOT_LEADER,
          NO_MAJORITY,
          STALE_REPLICA ->
          Status.UNAVAILABLE;
      case NOT_OWNER -> Status.FAILED_PRECONDITION;
      case CANCELLED -> Status.CANCELLED;
    };
  }

  private static HeddleException fromStatus(
      Status status, @Nullable Metadata trailers, Throwable cause) {
    ErrorCode code = sent(trailers).orElseGet(() -> likely(status.getCode()));
    String description = status.getDescription();
    var known =
        new HeddleException(
            code, description == null ? status.getCode().name() : description, cause);
    String position = text(trailers, GrpcMetadata.POSITION);
    String leader = text(trailers, LEADER);
    String wait = text(trailers, GrpcMetadata.RETRY_AFTER_MILLIS);
    if (wait.matches("[0-9]{1,9}")) {
      known = known.withRetryAfter(Duration.ofMillis(Long.parseLong(wait)));
    }
    return position.isEmpty() && leader.isEmpty()
        ? known
        : known.withPosition(position).withLeader(leader);
  }

  private static String text(@Nullable Metadata trailers, Metadata.Key<String> key) {
    String value = trailers == null ? null : trailers.get(key);
    return value == null ? "" : value;
  }

  private static Optional<ErrorCode> sent(@Nullable Metadata trailers) {
    String value = trailers == null ? null : trailers.get(ERROR);
    if (value == null || !value.matches("\\d{1,9}( .*)?")) {
      return Optional.empty();
    }
    return ErrorCode.of(Integer.parseInt(value.split(" ", 2)[0]));
  }

  /** For statuses that gRPC itself or a foreign server made. */
  private static ErrorCode likely(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> ErrorCode.INVALID_REQUEST;
      case NOT_FOUND -> ErrorCode.NOT_FOUND;
      case ALREADY_EXISTS -> ErrorCode.ALREADY_EXISTS;
      case PERMISSION_DENIED -> ErrorCode.FORBIDDEN;
      case UNAUTHENTICATED -> ErrorCode.UNAUTHENTICATED;
      case RESOURCE_EXHAUSTED -> ErrorCode.LIMIT_REACHED;
      case FAILED_PRECONDITION, ABORTED -> ErrorCode.CONFLICT;
      case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
      case CANCELLED -> ErrorCode.CANCELLED;
      case UNAVAILABLE -> ErrorCode.UNAVAILABLE;
      case OK, UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS -> ErrorCode.INTERNAL;
    };
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable current = failure;
    while ((current instanceof ExecutionException || current instanceof CompletionException)
        && current.getCause() != null) {
      current = current.getCause();
    }
    return current;
  }

  /** Statuses travel in headers, whose size is limited. */
  private static @Nullable String shortened(@Nullable String message) {
    return message == null || message.length() <= LONGEST_MESSAGE
        ? message
        : message.substring(0, LONGEST_MESSAGE) + "…";
  }
}
