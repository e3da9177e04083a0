package dev.heddle.engine.wasm;

/** A module ended itself, as a program's exit does. */
final class GuestExit extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int code;

  GuestExit(int code) {
    super("exit with code " + code, null, false, false);
    this.code = code;
  }

  int code() {
    return code;
  }

  @Override
  @SuppressWarnings("OverrideThrowableToString") // Authors see it: the class is none of theirs.
  public String toString() {
    return "exit with code " + code + " (expected: a reply)";
  }
}
