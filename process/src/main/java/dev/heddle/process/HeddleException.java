package dev.heddle.process;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A failure with a stable code. The message says what was wrong, the value, and what was expected:
 * {@code k: -1 (expected: 0..10000)}; it may be shown to the caller.
 */
public final class HeddleException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final String message;
  private final String position;
  private final String leader;
  private final Duration retryAfter;

  public HeddleException(ErrorCode code, String message) {
    this(code, message, null);
  }

  public HeddleException(ErrorCode code, String message, @Nullable Throwable cause) {
    this(code, message, cause, "", "", Duration.ZERO);
  }

  private HeddleException(
      ErrorCode code,
      String message,
      @Nullable Throwable cause,
      String position,
      String leader,
      Duration retryAfter) {
    // Refusals at a limit come in floods and always from the limit: a stack trace would only cost.
    super(message, cause, true, code.kind() != ErrorCode.Kind.CAPACITY);
    this.code = code;
    this.message = message;
    this.position = position;
    this.leader = leader;
    this.retryAfter = retryAfter;
  }

  /** The same failure, and what its caller has seen by it: that there is nothing, for example. */
  public HeddleException withPosition(String token) {
    return like(token, leader, retryAfter);
  }

  /** The same failure, and the node that would not have failed so. */
  public HeddleException withLeader(String node) {
    return like(position, node, retryAfter);
  }

  /** The same refusal, and about when there may be room; zero: nobody knows. */
  public HeddleException withRetryAfter(Duration wait) {
    return like(position, leader, wait);
  }

  private HeddleException like(String token, String node, Duration wait) {
    var same = new HeddleException(code, message, getCause(), token, node, wait);
    same.setStackTrace(getStackTrace());
    return same;
  }

  public ErrorCode code() {
    return code;
  }

  /** The position token that the caller has from now on; empty: as before. */
  public String position() {
    return position;
  }

  /** The node that leads, where that is why another one failed; empty: not known. */
  public String leader() {
    return leader;
  }

  /** About when there may be room for what was refused; zero: nobody knows. */
  public Duration retryAfter() {
    return retryAfter;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
