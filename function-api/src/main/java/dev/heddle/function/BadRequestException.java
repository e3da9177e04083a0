package dev.heddle.function;

/**
 * The caller asked for something that makes no sense; the message says what, its value, and what
 * was expected.
 */
public final class BadRequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BadRequestException(String message) {
    super(message);
  }
}
