package dev.heddle.function;

import org.jspecify.annotations.Nullable;

/**
 * Answers events. A class with a public constructor without parameters; instances are reused for
 * later events of the same version and tenant, one event at a time.
 */
@FunctionalInterface
public interface Handler {
  /**
   * Handles one event.
   *
   * @return the reply, a plain JSON value: null, Boolean, Number, String, {@link JsonObject}, or a
   *     List or String-keyed Map of such
   * @throws BadRequestException if the event is wrong: the caller sees the message as its own error
   * @throws Exception on failure: the caller sees an internal error that names function and version
   */
  @Nullable Object handle(Event event, Context context) throws Exception;
}
