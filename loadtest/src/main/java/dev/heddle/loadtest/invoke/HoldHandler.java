package dev.heddle.loadtest.invoke;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Waits where its event says {@code hold}, until an event on the same node says {@code release};
 * replies with its event.
 */
public final class HoldHandler implements Handler {
  /** All instances of a version on a node share its class. */
  private static volatile CountDownLatch gate = new CountDownLatch(1);

  @Override
  public @Nullable Object handle(Event event, Context context) throws InterruptedException {
    if (event.object().has("hold")) {
      gate.await();
    } else if (event.object().has("release")) {
      var open = gate;
      gate = new CountDownLatch(1);
      open.countDown();
    }
    return event.json();
  }
}
