package dev.heddle.function.testkit;

import dev.heddle.function.Session;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The attributes of one session, for tests. One thread at a time. */
public final class InMemorySession implements Session {
  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  @Override
  public @Nullable Object get(String name) {
    return values.get(name);
  }

  @Override
  public Map<String, @Nullable Object> all() {
    return Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  @Override
  public void put(String name, Object value) {
    values.put(name, PlainJson.read(PlainJson.write(value)));
  }

  @Override
  public void remove(String name) {
    values.remove(name);
  }

  @Override
  public boolean replace(String name, @Nullable Object expected, Object value) {
    if (!Objects.equals(values.get(name), expected)) {
      return false;
    }
    put(name, value);
    return true;
  }
}
