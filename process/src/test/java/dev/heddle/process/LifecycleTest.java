package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LifecycleTest {
  private final List<String> closed = new ArrayList<>();

  @Test
  void closesInReverseOrderAndOnlyOnce() {
    Closer closer = new Closer();
    closer.register("first", () -> closed.add("first"));
    closer.register("second", () -> closed.add("second"));
    closer.close();
    closer.close();
    assertEquals(List.of("second", "first"), closed);
  }

  @Test
  void collectsWhatFailsAndStillClosesTheRest() {
    Closer closer = new Closer();
    closer.register("first", () -> closed.add("first"));
    closer.register(
        "second",
        () -> {
          throw new IOException("no");
        });
    closer.register(
        "third",
        () -> {
          throw new IllegalStateException("never");
        });
    HeddleException failure = assertThrows(HeddleException.class, closer::close);
    assertEquals(List.of("first"), closed);
    assertEquals(2, failure.getSuppressed().length);
    assertTrue(failure.getSuppressed()[0].toString().contains("third"));
    assertTrue(failure.getSuppressed()[1].toString().contains("second"));
  }

  @Test
  void aFailedStartKeepsItsCauseWithTheFailuresOfTheClose() {
    Closer closer = new Closer();
    closer.register(
        "half started",
        () -> {
          throw new IOException("no");
        });
    IllegalStateException cause = new IllegalStateException("start failed");
    closer.closeAfter(cause);
    assertEquals(1, cause.getSuppressed().length);
  }

  @Test
  void whatComesAfterTheCloseIsClosedAtOnce() {
    Closer closer = new Closer();
    closer.close();
    assertThrows(
        IllegalStateException.class, () -> closer.register("late", () -> closed.add("late")));
    assertEquals(List.of("late"), closed);
  }

  @Test
  void anInterruptedThreadClosesEverythingAndStaysInterrupted() {
    Closer closer = new Closer();
    closer.register("first", () -> closed.add("first " + Thread.currentThread().isInterrupted()));
    closer.register(
        "second",
        () -> {
          throw new InterruptedException("told to stop");
        });
    Thread.currentThread().interrupt();
    assertThrows(HeddleException.class, closer::close);
    assertTrue(Thread.interrupted());
    assertEquals(List.of("first false"), closed);
  }

  @Test
  void aFullPoolRefusesWithQueueFullAndAClosedOneWithUnavailable() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    ThreadPoolExecutor pool = Threads.bounded("work", 1, 1);
    Future<?> running = pool.submit(() -> release.await(60, TimeUnit.SECONDS));
    Future<String> waiting = pool.submit(() -> Thread.currentThread().getName());
    HeddleException full = assertThrows(HeddleException.class, () -> pool.execute(() -> {}));
    assertSame(ErrorCode.QUEUE_FULL, full.code());
    assertEquals(0, full.getStackTrace().length);
    release.countDown();
    assertEquals("work-0", waiting.get(60, TimeUnit.SECONDS));
    running.get(60, TimeUnit.SECONDS);
    Threads.close(pool, Duration.ofSeconds(1));
    HeddleException late = assertThrows(HeddleException.class, () -> pool.execute(() -> {}));
    assertSame(ErrorCode.UNAVAILABLE, late.code());
  }

  @Test
  void aPoolWithoutAQueueHandsOverDirectly() throws Exception {
    ThreadPoolExecutor pool = Threads.bounded("direct", 1, 0);
    CountDownLatch release = new CountDownLatch(1);
    Future<?> running = pool.submit(() -> release.await(60, TimeUnit.SECONDS));
    assertThrows(HeddleException.class, () -> pool.execute(() -> {}));
    release.countDown();
    running.get(60, TimeUnit.SECONDS);
    Threads.close(pool, Duration.ofSeconds(1));
  }

  @Test
  void closingInterruptsWhatDoesNotEndByItself() throws Exception {
    ThreadPoolExecutor pool = Threads.bounded("stuck", 1, 1);
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Future<Boolean> stuck =
        pool.submit(() -> {
          started.countDown();
          return never.await(60, TimeUnit.SECONDS);
        });
    assertTrue(started.await(60, TimeUnit.SECONDS));
    Threads.closing(pool, Duration.ofMillis(20)).close();
    Eventually.eventually("the task ends", stuck::isDone);
    Eventually.eventually("so does the pool", pool::isTerminated);
  }

  @Test
  void namedThreadsDoNotKeepTheProcessAlive() {
    Thread platform = Threads.named("some").newThread(() -> {});
    assertTrue(platform.isDaemon());
    assertFalse(platform.isVirtual());
    assertEquals("some-0", platform.getName());
    assertTrue(Threads.virtual("v").newThread(() -> {}).isVirtual());
  }
}
