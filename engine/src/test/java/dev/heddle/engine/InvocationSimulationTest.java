package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many events while sandboxes and versions come and go under them. */
@Timeout(300)
final class InvocationSimulationTest {
  private static final int EVENTS = 100_000;

  private final AtomicLong later = new AtomicLong();
  private final Ticker ticker = () -> System.nanoTime() + later.get();
  private final ScriptedRuntime runtime = new ScriptedRuntime();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();

  @Test
  void noEventIsLostAndNoneRunsTwice() throws Exception {
    long seed = 20_261_121;
    var config = Workshop.config(8, 48, 3, DataSize.ofMiB(6));
    try (var workshop = new Workshop(config, Platform.NONE, ticker, runtime)) {
      var functions = new ArrayList<FunctionRef>();
      for (int i = 0; i < 12; i++) {
        functions.add(
            workshop.deploy(
                "fn-" + i % 4,
                "scripted",
                ("code " + i).getBytes(StandardCharsets.UTF_8),
                i == 5 ? "fresh" : "e" + i,
                Duration.ofHours(1),
                DataSize.ofMiB(1 + i % 3),
                i % 4 == 3 ? 2 : 0));
      }
      // A few more than there is room for.
      Workshop.concurrently(
          60,
          EVENTS,
          number -> {
            var random = new Random(seed + number);
            disturb(workshop, random);
            int kind = random.nextInt(50);
            var event = "{\"do\":\"%s\",\"n\":%d}".formatted(kind == 0 ? "die" : "count", number);
            var function = functions.get(random.nextInt(functions.size()));
            int depth = random.nextInt(3);
            while (refused(
                workshop.engine.invoke(
                    function,
                    event.getBytes(StandardCharsets.UTF_8),
                    Workshop.invocation(ticker, Duration.ofHours(2), depth)),
                event,
                number)) {
              LockSupport.parkNanos(10_000);
            }
          });
      assertEquals(EVENTS, answered.get() + failed.get(), "seed " + seed);
      assertTrue(failed.get() > EVENTS / 200, "seed " + seed + ": " + failed);
      assertTrue(refused.get() > 0, "seed " + seed);
      workshop.engine.keepOnly(CatalogView.empty());
      assertEquals(new EngineReport(List.of(), 0, 0), workshop.engine.report());
      assertEquals(0, workshop.gauge("heddle.engine.sandboxes.bytes"));
      assertEquals(0, workshop.gauge("heddle.engine.sandboxes.running"));
      assertEquals(0, runtime.alive().size());
    }
  }

  private void disturb(Workshop workshop, Random random) {
    switch (random.nextInt(400)) {
      case 0 -> workshop.engine.keepOnly(CatalogView.empty());
      case 1 -> {
        later.addAndGet(Duration.ofSeconds(11).toNanos() / 20);
        workshop.engine.sweep();
      }
      default -> {}
    }
  }

  private boolean refused(InvocationResult result, String event, int number) {
    return switch (result) {
      case InvocationResult.Reply reply -> {
        assertArrayEquals(event.getBytes(StandardCharsets.UTF_8), reply.json());
        assertEquals(1, runtime.counts.get(number));
        answered.incrementAndGet();
        yield false;
      }
      case InvocationResult.Failed failure when failure.started() -> {
        assertEquals(ErrorCode.FUNCTION_FAILED, failure.why().code(), failure.why()::toString);
        assertEquals(1, runtime.counts.get(number));
        failed.incrementAndGet();
        yield false;
      }
      case InvocationResult.Failed failure -> {
        assertEquals(ErrorCode.QUEUE_FULL, failure.why().code(), failure.why()::toString);
        assertEquals(0, runtime.counts.get(number));
        refused.incrementAndGet();
        yield true;
      }
    };
  }
}
