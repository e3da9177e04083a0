package dev.heddle.function;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a user's cookie session, shared by all the user's connections and requests.
 * Each attribute is read and changed by itself, so that concurrent handlers do not undo each
 * other's changes. Values are plain JSON values.
 */
public interface Session {
  /** The value, or null where there is none. */
  @Nullable Object get(String name);

  Map<String, @Nullable Object> all();

  /**
   * Sets one attribute.
   *
   * @throws BadRequestException beyond the limits on name length, value size or attribute count
   */
  void put(String name, Object value);

  void remove(String name);

  /**
   * Sets the attribute only if it still has the expected value.
   *
   * @param expected null: only if the attribute is absent
   * @return whether it was set
   */
  boolean replace(String name, @Nullable Object expected, Object value);
}
