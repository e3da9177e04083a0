package dev.heddle.sample.search.recent;

import dev.heddle.function.Session;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A session of one; {@link #interfere} plays another tab, once, before the next change. */
final class FakeSession implements Session {
  private final Map<String, @Nullable Object> attributes = new HashMap<>();
  @Nullable Runnable interfere;

  @Override
  public @Nullable Object get(String name) {
    return attributes.get(name);
  }

  @Override
  public Map<String, @Nullable Object> all() {
    return Map.copyOf(attributes);
  }

  @Override
  public void put(String name, Object value) {
    attributes.put(name, value);
  }

  @Override
  public void remove(String name) {
    attributes.remove(name);
  }

  @Override
  public boolean replace(String name, @Nullable Object expected, Object value) {
    var other = interfere;
    interfere = null;
    if (other != null) {
      other.run();
    }
    if (!Objects.equals(attributes.get(name), expected)) {
      return false;
    }
    attributes.put(name, value);
    return true;
  }
}
