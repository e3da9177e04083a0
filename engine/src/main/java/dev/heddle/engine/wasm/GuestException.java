package dev.heddle.engine.wasm;

/**
 * A module trapped, broke the contract with its host, or said that it failed. It prints as its
 * message alone: there is no class that its author would know.
 */
final class GuestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  GuestException(String message) {
    super(message, null, false, false);
  }

  @Override
  @SuppressWarnings("OverrideThrowableToString") // Authors see it: the class is none of theirs.
  public String toString() {
    return String.valueOf(getMessage());
  }
}
