package dev.heddle.function;

/**
 * The platform wants this invocation to end now: its deadline passed, it was cancelled, or its
 * budget is spent. Thrown by every method of {@link Shard}; let it pass.
 */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StoppedException(String message) {
    super(message);
  }
}
