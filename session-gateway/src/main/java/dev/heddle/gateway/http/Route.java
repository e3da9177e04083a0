package dev.heddle.gateway.http;

/**
 * A door of the edge.
 *
 * @param method an HTTP method, or {@link #ANY}; GET serves HEAD too
 * @param template a path with {@code {parameters}}, each a segment; a last {@code {name...}} takes
 *     all the rest, which may be empty
 * @param guarded whether credentials are asked for, where the node has any
 */
public record Route(String method, String template, boolean guarded, Handling handling) {
  /** Any method. */
  public static final String ANY = "*";

  /** Does the work, blocking, and answers. */
  @FunctionalInterface
  public interface Handling {
    /** Answers, or throws what becomes an error answer. */
    void handle(Exchange exchange) throws Exception;
  }
}
