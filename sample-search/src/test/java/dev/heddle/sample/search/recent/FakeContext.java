package dev.heddle.sample.search.recent;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Session;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** A context with a session, or without. */
record FakeContext(@Nullable Session attributes) implements Context {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Override
  public String function() {
    return "recent-searches";
  }

  @Override
  public String version() {
    return "0";
  }

  @Override
  public String tenant() {
    return "default";
  }

  @Override
  public String invocationId() {
    return "1";
  }

  @Override
  public String traceId() {
    return "0".repeat(32);
  }

  @Override
  public Duration remaining() {
    return Duration.ofSeconds(1);
  }

  @Override
  public Session session() {
    if (attributes == null) {
      throw new IllegalStateException("no session");
    }
    return attributes;
  }

  @Override
  public boolean hasSession() {
    return attributes != null;
  }

  @Override
  public @Nullable Object parseJson(String text) {
    try {
      var value = JSON.readValue(text, Object.class);
      return value instanceof Map<?, ?>
          ? JsonObject.of(JSON.readValue(text, new TypeReference<Map<String, Object>>() {}))
          : value;
    } catch (JacksonException e) {
      throw new BadRequestException("json: " + e.getOriginalMessage());
    }
  }

  @Override
  public String toJson(@Nullable Object value) {
    return JSON.writeValueAsString(value);
  }

  @Override
  public void log(String line) {}
}
