package dev.heddle.sample.search.recent;

import dev.heddle.function.Context;
import dev.heddle.function.Session;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A context with a session, or without. */
record FakeContext(@Nullable Session attributes) implements Context {
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
  public void log(String line) {}
}
