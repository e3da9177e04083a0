package dev.heddle.engine;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.Carriers;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
final class InvocationThreadsTest {
  private final InvocationThreads threads = new InvocationThreads(Threads.named("handler"), 1);

  @AfterEach
  void close() {
    threads.close();
  }

  /** The name of the thread that runs a task of a caller on a virtual thread that waits for it. */
  private String ranOn(boolean brief) throws Exception {
    var result = new CompletableFuture<String>();
    Carriers.virtual("caller")
        .newThread(() -> {
          var ran = new CompletableFuture<String>();
          threads.run(() -> ran.complete(Thread.currentThread().getName()), brief);
          result.complete(ran.join());
        })
        .start();
    return result.get(30, TimeUnit.SECONDS);
  }

  @Test
  void aBriefTaskRunsOnTheCarrierOfItsCallerAndAnyOtherOnAThreadOfItsOwn() throws Exception {
    assertTrue(ranOn(true).startsWith("heddle-carrier-"), "brief");
    assertTrue(ranOn(false).startsWith("handler-"), "not known to be brief");
  }

  @Test
  void aBriefTaskThatWaitedRunsOnACarrierOfItsCallerAsFarAsTheyMayBeLent() throws Exception {
    var carriers = new CompletableFuture<Carriers>();
    Carriers.virtual("caller").newThread(() -> carriers.complete(Carriers.current())).start();
    var callers = carriers.get(30, TimeUnit.SECONDS);
    var first = new CompletableFuture<String>();
    var second = new CompletableFuture<String>();

    threads.run(
        () -> {
          // The one that may be lent still is.
          threads.run(() -> second.complete(Thread.currentThread().getName()), callers);
          first.complete(Thread.currentThread().getName());
        },
        callers);

    assertTrue(first.get(30, TimeUnit.SECONDS).startsWith("heddle-carrier-"));
    assertTrue(second.get(30, TimeUnit.SECONDS).startsWith("handler-"));
  }

  @Test
  void aBriefTaskOfACallerOnAPlatformThreadGetsAThreadOfItsOwn() throws Exception {
    var ran = new CompletableFuture<String>();
    threads.run(() -> ran.complete(Thread.currentThread().getName()), true);
    assertTrue(ran.get(30, TimeUnit.SECONDS).startsWith("handler-"));
  }

  @Test
  void theEndInterruptsWhatIsOnACarrierAndRefusesMore() throws Exception {
    var entered = new CountDownLatch(1);
    var interrupted = new CompletableFuture<Boolean>();
    Carriers.virtual("caller")
        .newThread(() ->
            threads.run(
                () -> {
                  entered.countDown();
                  try {
                    new CountDownLatch(1).await();
                    interrupted.complete(false);
                  } catch (InterruptedException e) {
                    interrupted.complete(true);
                  }
                },
                true))
        .start();
    assertTrue(entered.await(30, TimeUnit.SECONDS));
    eventually("it waits", () -> threads.computing() == 0);

    threads.close(TimeUnit.MILLISECONDS.toNanos(1));

    assertTrue(interrupted.get(30, TimeUnit.SECONDS));
    assertThrows(HeddleException.class, () -> threads.run(() -> {}, false));
  }

  @Test
  void whatComputesOnACarrierIsCounted() throws Exception {
    var entered = new CountDownLatch(1);
    var stop = new CompletableFuture<Boolean>();
    Carriers.virtual("caller")
        .newThread(() ->
            threads.run(
                () -> {
                  entered.countDown();
                  while (!stop.isDone()) {
                    Thread.onSpinWait();
                  }
                },
                true))
        .start();
    assertTrue(entered.await(30, TimeUnit.SECONDS));

    assertEquals(1, threads.computing());
    stop.complete(true);
    eventually("it has ended", () -> threads.computing() == 0);
  }

  @Test
  void aShortOneIsLikelyAfterSomeShortOnesAndNoMoreAfterALongOne() {
    var brevity = new Brevity();
    for (int i = 0; i < 15; i++) {
      brevity.ran(100_000);
    }
    assertFalse(brevity.likely(), "too few to know");
    brevity.ran(100_000);
    assertTrue(brevity.likely());

    brevity.ran(1_000_000);
    assertFalse(brevity.likely());
  }
}
