package dev.heddle.sample.search;

/** A corpus is not what it should be; the message says what, its value, and what was expected. */
public final class CorpusException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CorpusException(String message) {
    super(message);
  }

  public CorpusException(String message, Throwable cause) {
    super(message, cause);
  }
}
