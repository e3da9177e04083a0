package dev.heddle.loadtest.function;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import org.jspecify.annotations.Nullable;

/** Replies with its event. */
public final class EchoHandler implements Handler {
  @Override
  public @Nullable Object handle(Event event, Context context) {
    return event.json();
  }
}
