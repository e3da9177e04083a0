package dev.heddle.function;

/**
 * What a function asked of the platform failed. A function that lets it through fails with the same
 * code.
 */
public final class PlatformException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final String name;

  /**
   * @param code number of the error, as in the table of codes
   * @param name its name, such as {@code UNAVAILABLE}
   */
  public PlatformException(int code, String name, String message) {
    super(message);
    this.code = code;
    this.name = name;
  }

  public int code() {
    return code;
  }

  public String name() {
    return name;
  }
}
