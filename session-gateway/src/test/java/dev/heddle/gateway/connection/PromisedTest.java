package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PromisedTest {
  @Test
  void whatIsPromisedTakesRoomBeforeItIsThere() {
    var promised = new Promised();
    assertTrue(promised.take(400, () -> 100, 1_000));
    assertFalse(promised.take(501, () -> 100, 1_000));
    assertTrue(promised.take(500, () -> 100, 1_000));
    assertFalse(promised.take(1, () -> 100, 1_000));
    promised.give(400);
    assertTrue(promised.take(100, () -> 400, 1_000), "it waits by now");
    assertFalse(promised.take(1, () -> 400, 1_000));
  }

  @Test
  void manyAtOnceGetNoMoreThanThereIs() throws Exception {
    var promised = new Promised();
    var waiting = new AtomicLong();
    var tries = new ArrayList<Callable<Boolean>>();
    for (int i = 0; i < 500; i++) {
      tries.add(() -> {
        if (!promised.take(7, waiting::get, 1_000)) {
          return false;
        }
        // It is handed on: counted there, and given back then.
        waiting.addAndGet(7);
        promised.give(7);
        return true;
      });
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> each : threads.invokeAll(tries)) {
        var _ = each.get();
      }
    }
    assertTrue(waiting.get() <= 1_000, waiting + " wait");
    assertTrue(waiting.get() > 500, waiting + " wait");
  }
}
