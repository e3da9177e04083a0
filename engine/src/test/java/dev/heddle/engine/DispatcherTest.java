package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class DispatcherTest {
  private static final String BLOCK = "{\"do\":\"block\"}";

  /** The events that ran, in order. */
  private final List<Duration> ran = new CopyOnWriteArrayList<>();

  private final ScriptedRuntime runtime = new ScriptedRuntime(ran::add);
  private final Workshop workshop = new Workshop(Workshop.config(1, 8, 8), Platform.NONE, runtime);
  private final List<String> order = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  @AfterEach
  void close() {
    runtime.release();
    workshop.close();
  }

  private FunctionRef deploy(String name) {
    return workshop.deploy(
        name,
        "scripted",
        name.getBytes(StandardCharsets.UTF_8),
        name,
        Duration.ofSeconds(30),
        DataSize.ofMiB(1),
        0);
  }

  /** Sends an event from a thread of its own and waits until it runs or waits in the queue. */
  private void send(FunctionRef ref, String event) {
    var before = workshop.engine.report();
    threads.add(
        Thread.ofVirtual()
            .start(() -> {
              try {
                workshop.invoke(ref, event);
                order.add(ref.name());
              } catch (HeddleException e) {
                order.add(ref.name() + " " + e.code());
              }
            }));
    eventually(
        "it is there",
        () -> {
          var now = workshop.engine.report();
          return now.running() + now.queued() > before.running() + before.queued();
        });
  }

  private static String work(int millis) {
    return "{\"do\":\"work\",\"millis\":%d}".formatted(millis);
  }

  @Test
  void functionsTakeTurns() throws Exception {
    var busy = deploy("busy");
    var other = deploy("other");
    var third = deploy("third");
    send(busy, BLOCK);
    for (int i = 0; i < 4; i++) {
      send(busy, work(1));
    }
    send(other, work(2));
    send(third, work(3));
    assertEquals(6, workshop.engine.report().queued());
    runtime.release();
    for (var thread : threads) {
      thread.join();
    }
    assertEquals(7, order.size());
    // Not what the callers learnt: each does so once it has a processor.
    assertEquals(6, ran.size());
    assertTrue(ran.indexOf(Duration.ofMillis(2)) < 3, ran.toString());
    assertTrue(ran.indexOf(Duration.ofMillis(3)) < 3, ran.toString());
    assertEquals(1, runtime.mostInside.get());
  }

  @Test
  void whoGivesUpLeavesTheQueue() throws Exception {
    var busy = deploy("busy");
    send(busy, BLOCK);
    fails(
        ErrorCode.DEADLINE_EXCEEDED,
        "function "
            + busy.label()
            + ": still waited for a thread at the deadline (expected: an answer by then)",
        () -> workshop.invoke(busy, "1", Duration.ofMillis(500)));
    assertEquals(0, workshop.engine.report().queued());
    runtime.release();
    threads.getFirst().join();
    assertEquals(List.of("busy"), order);
  }

  @Test
  void aFunctionsTimeoutBeginsWhenItRuns() throws Exception {
    var busy = deploy("busy");
    send(busy, BLOCK);
    var brief =
        workshop.deploy(
            "brief",
            "scripted",
            new byte[] {1},
            "brief",
            Duration.ofMillis(20),
            DataSize.ofMiB(1),
            0);
    long start = System.nanoTime();
    send(brief, BLOCK);
    eventually("twice its timeout", () -> System.nanoTime() - start > 40_000_000);
    assertEquals(List.of(), order);
    threads.getFirst().interrupt();
    for (var thread : threads) {
      thread.join();
    }
    // In whatever order the callers learnt of it.
    assertEquals(Set.of("busy CANCELLED", "brief FUNCTION_TIMED_OUT"), Set.copyOf(order));
    assertEquals(2, order.size());
  }

  @Test
  void whatWaitsIsRefusedWhenTheNodeStops() throws Exception {
    var busy = deploy("busy");
    send(busy, BLOCK);
    send(busy, "1");
    var closing = Thread.ofVirtual().start(workshop.engine::close);
    threads.getLast().join();
    // The one that runs is ended a moment later, unless it ends by itself.
    assertEquals("busy UNAVAILABLE", order.getFirst());
    runtime.release();
    threads.getFirst().join();
    closing.join();
    fails(ErrorCode.UNAVAILABLE, () -> workshop.invoke(busy, "1"));
    assertEquals(0, workshop.engine.report().running());
  }
}
