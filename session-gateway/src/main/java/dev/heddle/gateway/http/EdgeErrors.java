package dev.heddle.gateway.http;

import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How errors look at the edge: HTTP status, WebSocket close code and JSON. */
public final class EdgeErrors {
  /** WebSocket close code for a client that does not read what it is sent. */
  public static final int SLOW_CONSUMER = 3008;

  private static final Logger log = LoggerFactory.getLogger(EdgeErrors.class);

  private EdgeErrors() {}

  /** The HTTP status of an error. */
  public static int httpStatus(ErrorCode code) {
    return switch (code) {
      case INVALID_REQUEST,
          MALFORMED_JSON,
          UNKNOWN_FIELD,
          UNKNOWN_PARAMETER,
          TYPE_MISMATCH,
          OUT_OF_RANGE,
          FUNCTION_REJECTED ->
          400;
      case UNAUTHENTICATED -> 401;
      case FORBIDDEN -> 403;
      case UNKNOWN_DATASET, UNKNOWN_FUNCTION, UNKNOWN_APP, NOT_FOUND -> 404;
      case METHOD_NOT_ALLOWED -> 405;
      case ALREADY_EXISTS, CONFLICT, REVISION_CONFLICT, VERSION_CONFLICT -> 409;
      case GONE, POSITION_LOST -> 410;
      case TOO_LARGE -> 413;
      case UNSUPPORTED_MEDIA_TYPE -> 415;
      case INVALID_FUNCTION, INVALID_DOCUMENT, INVALID_SCHEMA -> 422;
      case OVERLOADED, QUEUE_FULL, LIMIT_REACHED, STORAGE_FULL -> 429;
      case INTERNAL,
          FUNCTION_FAILED,
          FUNCTION_INIT_FAILED,
          FUNCTION_RESULT_INVALID,
          FUNCTION_RESULT_TOO_LARGE,
          FUNCTION_MERGE_FAILED,
          FUNCTION_MEMORY_EXCEEDED,
          STORAGE_FAILED ->
          500;
      case NOT_OFFERED -> 501;
      case UNAVAILABLE,
          COVERAGE_TOO_LOW,
          NOT_OWNER,
          CANCELLED,
          CATALOG_UNAVAILABLE,
          NOT_LEADER,
          NO_MAJORITY,
          STALE_REPLICA ->
          503;
      case DEADLINE_EXCEEDED, FUNCTION_TIMED_OUT -> 504;
    };
  }

  /** The close code where an error ends a WebSocket connection. */
  public static int closeCode(ErrorCode code) {
    if (code == ErrorCode.TOO_LARGE) {
      return 1009;
    }
    return switch (code.kind()) {
      case USER -> 1008;
      case CAPACITY -> 1013;
      case INTERNAL -> 1011;
    };
  }

  /** Whole seconds for a Retry-After header, as the refusal says or else one; 0: none. */
  static long retryAfterSeconds(int httpStatus, HeddleException error) {
    if (httpStatus != 429 && httpStatus != 503) {
      return 0;
    }
    return Math.max(1, error.retryAfter().plusMillis(999).toSeconds());
  }

  /** What went wrong, in Heddle's words; what nobody expected is logged and told to no client. */
  public static HeddleException of(Throwable failure, String traceId) {
    if (failure instanceof HeddleException known) {
      if (known.code() == ErrorCode.INTERNAL) {
        log.error("request failed trace={}", traceId, known);
      }
      return known;
    }
    if (failure instanceof StatusRuntimeException || failure instanceof StatusException) {
      return GrpcErrors.fromStatus(failure);
    }
    log.error("request failed trace={}", traceId, failure);
    return new HeddleException(ErrorCode.INTERNAL, "internal error, see the log", failure);
  }

  /** {@code {"error":{"code","name","kind","message","traceId"}}}. */
  public static byte[] json(HeddleException error, String traceId) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeName("error");
      ErrorCode code = error.code();
      json.writeStartObject();
      json.writeNumberProperty("code", code.number());
      json.writeStringProperty("name", code.name());
      json.writeStringProperty("kind", code.kind().name());
      json.writeStringProperty("message", String.valueOf(error.getMessage()));
      json.writeStringProperty("traceId", traceId);
      json.writeEndObject();
      json.writeEndObject();
    });
  }
}
