package dev.heddle.process;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a caller gives up first where not all of its requests can be served. */
public enum Priority {
  /** Someone waits for it. */
  HIGH,
  NORMAL,
  /** It can wait, or be done again later. */
  LOW;

  /** {@code high}, {@code normal} or {@code low}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The one that a request asks for.
   *
   * @param text as {@link #text}; null or empty: normal
   * @throws HeddleException INVALID_REQUEST for anything else
   */
  public static Priority parse(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return NORMAL;
    }
    for (var priority : values()) {
      if (priority.text().equals(text)) {
        return priority;
      }
    }
    String shown = text.length() <= 40 ? text : text.substring(0, 40) + "…";
    throw new HeddleException(
        ErrorCode.INVALID_REQUEST, "priority: " + shown + " (expected: high, normal or low)");
  }
}
