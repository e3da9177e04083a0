package dev.heddle.loadtest.invoke;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits for {@code millis} and replies with its event. */
public final class SleepHandler implements Handler {
  private final CountDownLatch never = new CountDownLatch(1);

  @Override
  public @Nullable Object handle(Event event, Context context) throws InterruptedException {
    var _ = never.await(event.object().integer("millis", 0, 0, 300_000), TimeUnit.MILLISECONDS);
    return event.json();
  }
}
