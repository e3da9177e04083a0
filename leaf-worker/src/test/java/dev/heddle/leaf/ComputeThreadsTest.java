package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.Carriers;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
final class ComputeThreadsTest {
  private static final ThreadFactory CALLERS = Carriers.virtual("caller");

  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void release() {
    release.countDown();
  }

  private static <T> T got(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  /** The thread on which a task of a waiting virtual thread runs. */
  private static Thread ranOn(ComputeThreads compute, boolean ends) throws Exception {
    var answer = new CompletableFuture<Thread>();
    CALLERS
        .newThread(() -> {
          var ran = new CompletableFuture<Thread>();
          compute.execute(ends, () -> ran.complete(Thread.currentThread()));
          answer.complete(ran.join());
        })
        .start();
    return got(answer);
  }

  /** Takes a place from a thread that lends none, until the release. */
  private void keepBusy(ComputeThreads compute) throws Exception {
    var begun = new CompletableFuture<Boolean>();
    compute.execute(
        true,
        () -> {
          begun.complete(true);
          await();
        });
    got(begun);
  }

  private void await() {
    try {
      release.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aTaskThatSurelyEndsRunsOnTheCarrierOfWhoWaitsForIt() throws Exception {
    try (var compute = new ComputeThreads(1, 1)) {
      assertTrue(ranOn(compute, true).getName().startsWith("heddle-carrier"));
      assertTrue(ranOn(compute, false).getName().startsWith("leaf-compute"));
    }
  }

  @Test
  void whatIsLentCountsAsWhatRuns() throws Exception {
    try (var compute = new ComputeThreads(2, 100)) {
      var running = new AtomicInteger();
      var most = new AtomicInteger();
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        boolean ends = i % 3 != 0;
        var done = new CompletableFuture<Void>();
        all.add(done);
        CALLERS
            .newThread(() ->
                compute.execute(
                    ends,
                    () -> {
                      most.accumulateAndGet(running.incrementAndGet(), Math::max);
                      for (int spin = 0; spin < 10_000; spin++) {
                        Thread.onSpinWait();
                      }
                      running.decrementAndGet();
                      done.complete(null);
                    }))
            .start();
      }
      got(CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new)));
      assertTrue(most.get() <= 2, () -> "at once: " + most);
    }
  }

  @Test
  void whereNoPlaceIsFreeTasksWaitForOneAndAreRefusedBeyondThat() throws Exception {
    var compute = new ComputeThreads(1, 1);
    keepBusy(compute);
    var waited = new CompletableFuture<Boolean>();
    var refused = new CompletableFuture<ErrorCode>();
    CALLERS
        .newThread(() -> {
          compute.execute(true, () -> waited.complete(true));
          try {
            compute.execute(true, () -> refused.complete(null));
          } catch (HeddleException e) {
            refused.complete(e.code());
          }
        })
        .start();
    assertEquals(ErrorCode.QUEUE_FULL, got(refused));
    assertEquals(1, compute.waiting());
    assertFalse(waited.isDone());
    release.countDown();
    assertTrue(got(waited));
    compute.close();
  }

  @Test
  void theCloseWaitsForWhatIsLent() throws Exception {
    var compute = new ComputeThreads(1, 1);
    var begun = new CompletableFuture<Boolean>();
    var ended = new CompletableFuture<Boolean>();
    CALLERS
        .newThread(() ->
            compute.execute(
                true,
                () -> {
                  begun.complete(true);
                  await();
                  ended.complete(true);
                }))
        .start();
    got(begun);
    var closed = new CompletableFuture<Boolean>();
    Thread.ofVirtual()
        .start(() -> {
          compute.close();
          closed.complete(ended.isDone());
        });
    eventually(
        "closing",
        () -> {
          try {
            compute.execute(false, () -> {});
            return false;
          } catch (HeddleException e) {
            return e.code() == ErrorCode.UNAVAILABLE;
          }
        });
    assertFalse(closed.isDone());
    release.countDown();
    assertTrue(got(closed));
    assertEquals(
        ErrorCode.UNAVAILABLE,
        assertThrows(HeddleException.class, () -> compute.execute(true, () -> {})).code());
  }
}
