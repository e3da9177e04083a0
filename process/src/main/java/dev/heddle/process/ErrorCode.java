package dev.heddle.process;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Everything that can go wrong at an edge. Numbers and names are stable: clients rely on them. Each
 * edge maps them to its own status in one class; for gRPC that is {@link GrpcErrors}.
 */
public enum ErrorCode {
  INVALID_REQUEST(1001, Kind.USER),
  MALFORMED_JSON(1002, Kind.USER),
  UNKNOWN_DATASET(1003, Kind.USER),
  UNKNOWN_FIELD(1004, Kind.USER),
  UNKNOWN_FUNCTION(1005, Kind.USER),
  UNKNOWN_PARAMETER(1006, Kind.USER),
  TYPE_MISMATCH(1007, Kind.USER),
  OUT_OF_RANGE(1008, Kind.USER),
  TOO_LARGE(1009, Kind.USER),
  ALREADY_EXISTS(1010, Kind.USER),
  UNAUTHENTICATED(1011, Kind.USER),
  FORBIDDEN(1012, Kind.USER),
  NOT_FOUND(1013, Kind.USER),
  CONFLICT(1014, Kind.USER),
  INVALID_FUNCTION(1015, Kind.USER),
  METHOD_NOT_ALLOWED(1016, Kind.USER),
  INVALID_DOCUMENT(1017, Kind.USER),
  INVALID_SCHEMA(1018, Kind.USER),
  UNKNOWN_APP(1019, Kind.USER),
  GONE(1020, Kind.USER),
  /** The function itself refused the request as a bad one. */
  FUNCTION_REJECTED(1021, Kind.USER),
  UNSUPPORTED_MEDIA_TYPE(1022, Kind.USER),
  /** A condition on the document's version does not hold. */
  VERSION_CONFLICT(1023, Kind.USER),
  /** The position token speaks of a history that is no more: of a dropped or restored shard. */
  POSITION_LOST(1024, Kind.USER),
  /** What was asked for has its place in the contract, but nothing in this cluster does it. */
  NOT_OFFERED(1025, Kind.USER),

  OVERLOADED(2001, Kind.CAPACITY),
  QUEUE_FULL(2002, Kind.CAPACITY),
  LIMIT_REACHED(2003, Kind.CAPACITY),
  /** The disk has less free space than is kept back: reads go on. */
  STORAGE_FULL(2004, Kind.CAPACITY),

  INTERNAL(3001, Kind.INTERNAL),
  DEADLINE_EXCEEDED(3002, Kind.INTERNAL),
  UNAVAILABLE(3003, Kind.INTERNAL),
  /** The function threw, or broke its contract. */
  FUNCTION_FAILED(3004, Kind.INTERNAL),
  COVERAGE_TOO_LOW(3005, Kind.INTERNAL),
  /** The shard is not here, or not in this generation: ask the catalog again. */
  NOT_OWNER(3006, Kind.INTERNAL),
  CANCELLED(3007, Kind.INTERNAL),
  STORAGE_FAILED(3008, Kind.INTERNAL),
  CATALOG_UNAVAILABLE(3009, Kind.INTERNAL),
  /** Someone else changed the entry since it was read: read and try again. */
  REVISION_CONFLICT(3010, Kind.INTERNAL),
  /** Another replica leads the group; nothing was done. The message names the leader, if known. */
  NOT_LEADER(3011, Kind.INTERNAL),
  /** The group has no leader that a majority follows; nothing was done. */
  NO_MAJORITY(3012, Kind.INTERNAL),
  /** The replica did not reach the wanted position in time. */
  STALE_REPLICA(3013, Kind.INTERNAL),
  /** The function could not be started: its constructor or init failed. */
  FUNCTION_INIT_FAILED(3014, Kind.INTERNAL),
  /** The function ran longer than its own timeout, which came before the request's deadline. */
  FUNCTION_TIMED_OUT(3015, Kind.INTERNAL),
  /** What the function answered is no JSON. */
  FUNCTION_RESULT_INVALID(3016, Kind.INTERNAL),
  FUNCTION_RESULT_TOO_LARGE(3017, Kind.INTERNAL),
  /** The merge or finish of a scatter function failed. */
  FUNCTION_MERGE_FAILED(3018, Kind.INTERNAL),
  /** The function wanted more memory than its cap. */
  FUNCTION_MEMORY_EXCEEDED(3019, Kind.INTERNAL);

  /** Who can do something about it. */
  public enum Kind {
    /** The caller: the same request will fail again. */
    USER,
    /** Nobody right now: a limit was reached; a later try may pass. */
    CAPACITY,
    /** The operator. */
    INTERNAL
  }

  private static final Map<Integer, ErrorCode> BY_NUMBER =
      Arrays.stream(values()).collect(Collectors.toMap(ErrorCode::number, Function.identity()));

  private final int number;
  private final Kind kind;

  ErrorCode(int number, Kind kind) {
    this.number = number;
    this.kind = kind;
  }

  public int number() {
    return number;
  }

  public Kind kind() {
    return kind;
  }

  /** The code with this number; empty for numbers of a newer version. */
  public static Optional<ErrorCode> of(int number) {
    return Optional.ofNullable(BY_NUMBER.get(number));
  }
}
