package dev.heddle.process;

import org.jspecify.annotations.Nullable;

/**
 * A failure with a stable code. The message says what was wrong, the value, and what was expected:
 * {@code k: -1 (expected: 0..10000)}; it may be shown to the caller.
 */
public final class HeddleException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final String message;

  public HeddleException(ErrorCode code, String message) {
    this(code, message, null);
  }

  public HeddleException(ErrorCode code, String message, @Nullable Throwable cause) {
    // Refusals at a limit come in floods and always from the limit: a stack trace would only cost.
    super(message, cause, true, code.kind() != ErrorCode.Kind.CAPACITY);
    this.code = code;
    this.message = message;
  }

  public ErrorCode code() {
    return code;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
