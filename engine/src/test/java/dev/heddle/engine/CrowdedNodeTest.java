package dev.heddle.engine;

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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many more handlers than processors. */
@Timeout(300)
final class CrowdedNodeTest {
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
  private static final int MANY = 10 * PROCESSORS;

  private final AtomicBoolean computes = new AtomicBoolean(true);
  private final AtomicInteger answered = new AtomicInteger();
  private final ScriptedRuntime runtime =
      new ScriptedRuntime(time -> {
        while (computes.get()) {
          Thread.onSpinWait();
        }
      });
  private final Workshop workshop =
      new Workshop(Workshop.config(2 * MANY, 2 * MANY, 8), Platform.NONE, runtime);
  private final List<Thread> callers = new ArrayList<>();

  @AfterEach
  void close() {
    computes.set(false);
    runtime.release();
    workshop.close();
  }

  private FunctionRef deploy(String name) {
    return workshop.deploy(
        name,
        "scripted",
        name.getBytes(StandardCharsets.UTF_8),
        name,
        Duration.ofSeconds(50),
        DataSize.ofMiB(1),
        0);
  }

  private void send(FunctionRef ref, String event) {
    for (int i = 0; i < MANY; i++) {
      callers.add(
          Thread.ofPlatform()
              .start(() -> {
                workshop.invoke(ref, event);
                answered.incrementAndGet();
              }));
    }
  }

  private void awaitAnswers() throws InterruptedException {
    for (var caller : callers) {
      caller.join();
    }
    assertEquals(MANY, answered.get());
  }

  private int running() {
    return workshop.engine.report().running();
  }

  @Test
  void ofThoseThatComputeAFewRunAndAllGetTheirTurn() throws Exception {
    // Who waits for another one to load a class does not compute, and would let more in.
    assertEquals("1", workshop.invoke(deploy("first"), "1"));
    var busy = deploy("busy");
    send(busy, "{\"do\":\"work\"}");
    eventually(
        "all have come",
        () -> {
          var now = workshop.engine.report();
          return now.running() + now.queued() == MANY;
        });
    assertTrue(running() >= PROCESSORS, () -> running() + " run");
    // A few more than two for each processor: one that has only just begun is not yet seen to
    // compute.
    assertTrue(running() <= MANY / 2, () -> running() + " run");
    computes.set(false);
    awaitAnswers();
  }

  @Test
  void anotherFunctionNeedNotWaitForTheEndOfTheirWork() throws Exception {
    var busy = deploy("busy");
    send(busy, "{\"do\":\"work\"}");
    eventually("they compute", () -> running() >= PROCESSORS);
    var other = deploy("other");
    for (int i = 0; i < 10; i++) {
      assertEquals("1", workshop.invoke(other, "1"));
    }
    computes.set(false);
    awaitAnswers();
  }

  @Test
  void aCallerLeavesAtItsDeadlineAlsoWhileTheEngineCloses() throws Exception {
    var busy = deploy("busy");
    var failure = new AtomicReference<ErrorCode>();
    var caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                workshop.invoke(busy, "{\"do\":\"work\"}", Duration.ofSeconds(5));
              } catch (HeddleException e) {
                failure.set(e.code());
              }
            });
    eventually("it computes", () -> running() == 1);
    var closing = Thread.ofPlatform().start(workshop.engine::close);
    caller.join();
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, failure.get());
    computes.set(false);
    closing.join();
  }

  @Test
  void ofThoseThatWaitAllRun() throws Exception {
    var patient = deploy("patient");
    send(patient, "{\"do\":\"block\"}");
    eventually("all run", () -> running() == MANY);
    runtime.release();
    awaitAnswers();
  }
}
