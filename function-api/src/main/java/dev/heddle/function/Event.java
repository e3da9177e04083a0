package dev.heddle.function;

import org.jspecify.annotations.Nullable;

/**
 * What happened, as a plain JSON value.
 *
 * @param json null, Boolean, Long, Double, String, List or {@link JsonObject}
 */
public record Event(@Nullable Object json) {
  /**
   * The event as an object.
   *
   * @throws BadRequestException if it is another JSON value
   */
  public JsonObject object() {
    if (json instanceof JsonObject object) {
      return object;
    }
    throw new BadRequestException("event: " + json + " (expected: a JSON object)");
  }
}
