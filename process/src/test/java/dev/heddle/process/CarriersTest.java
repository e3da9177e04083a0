package dev.heddle.process;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
final class CarriersTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private static Carriers carriers(int atOnce, Duration keepAlive) throws Exception {
    return new Carriers("test-carrier", atOnce, keepAlive);
  }

  private static <T> T got(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  /** What a task that a virtual thread hands over and waits for says of its thread. */
  private static CompletableFuture<Thread> handed(Carriers carriers, ThreadFactory threads) {
    var result = new CompletableFuture<Thread>();
    threads
        .newThread(() -> {
          var ran = new CompletableFuture<Thread>();
          carriers.next(() -> ran.complete(Thread.currentThread()));
          result.complete(ran.join());
        })
        .start();
    return result;
  }

  /** Returns once so many carriers are in tasks that wait for the release. */
  private static void sendAway(
      int count, Carriers carriers, ThreadFactory threads, CountDownLatch release)
      throws InterruptedException {
    var entered = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      threads
          .newThread(() ->
              carriers.next(() -> {
                entered.countDown();
                try {
                  release.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }))
          .start();
    }
    assertTrue(entered.await(30, TimeUnit.SECONDS));
  }

  @Test
  void aTaskThatIsHandedOverRunsOnAPlatformThreadOfTheCarriers() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");

    var thread = got(handed(carriers, threads));

    assertFalse(thread.isVirtual());
    assertTrue(thread.getName().startsWith("test-carrier-"), thread.getName());
  }

  @Test
  void onlyTheirOwnVirtualThreadsHaveThem() throws Exception {
    var carriers = carriers(1, LONG);
    var own = new CompletableFuture<Boolean>();
    var others = new CompletableFuture<Boolean>();

    carriers.factory("own").newThread(() -> own.complete(Carriers.current() == carriers)).start();
    Thread.ofVirtual().start(() -> others.complete(Carriers.current() == null));

    assertTrue(got(own));
    assertTrue(got(others));
    assertNull(Carriers.current());
  }

  /** The watch wakes another one where the first is kept from its work, so not every time. */
  @Test
  void whomATaskWakesLastGoesOnWithItsCarrierAndNoOtherIsWoken() throws Exception {
    int woken = 0;
    for (int attempt = 0; attempt < 100; attempt++) {
      var carriers = carriers(2, LONG);
      var goneOn = new CompletableFuture<Boolean>();
      carriers
          .factory("caller")
          .newThread(() -> {
            var ran = new CompletableFuture<Boolean>();
            carriers.next(() -> Carriers.last(() -> ran.complete(true)));
            goneOn.complete(ran.join());
          })
          .start();
      assertTrue(got(goneOn));
      woken = carriers.threads() - 1;
      if (woken == 0) {
        break;
      }
    }
    assertEquals(0, woken);
  }

  @Test
  void whomATaskWakesLastGoesOnElsewhereWhereTheTaskDoesNotEnd() throws Exception {
    var carriers = carriers(1, LONG);
    var release = new CountDownLatch(1);
    var goneOn = new CompletableFuture<Boolean>();
    carriers
        .factory("caller")
        .newThread(() -> {
          var ran = new CompletableFuture<Boolean>();
          carriers.next(() -> {
            Carriers.last(() -> ran.complete(true));
            try {
              release.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
          goneOn.complete(ran.join());
        })
        .start();

    assertTrue(got(goneOn));
    release.countDown();
  }

  @Test
  void onAnyOtherThreadTheLastThingIsJustDone() {
    var done = new AtomicInteger();
    Carriers.last(done::incrementAndGet);
    assertEquals(1, done.get());
  }

  @Test
  void aCarrierThatDoesNotComeBackIsReplaced() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");
    var release = new CountDownLatch(1);
    sendAway(1, carriers, threads, release);

    var thread = got(handed(carriers, threads));

    assertTrue(thread.getName().startsWith("test-carrier-"), thread.getName());
    assertTrue(carriers.threads() >= 2, "the first one is still away");
    release.countDown();
  }

  @Test
  void tenCarriersThatDoNotComeBackAreReplacedOneAfterTheOther() throws Exception {
    var carriers = carriers(2, LONG);
    var threads = carriers.factory("caller");
    var release = new CountDownLatch(1);
    sendAway(10, carriers, threads, release);

    assertFalse(got(handed(carriers, threads)).isVirtual());
    release.countDown();
  }

  @Test
  void anInterruptOfATaskReachesNobodyElse() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");
    var interrupted = new CompletableFuture<Boolean>();
    threads
        .newThread(() -> {
          boolean any = false;
          // Mostly on the same carrier: another one may come to help a slow machine.
          for (int i = 0; i < 20; i++) {
            var ran = new CompletableFuture<Boolean>();
            carriers.next(() -> {
              ran.complete(Thread.currentThread().isInterrupted());
              Thread.currentThread().interrupt();
            });
            any |= ran.join();
            any |= Thread.currentThread().isInterrupted();
          }
          interrupted.complete(any);
        })
        .start();

    assertFalse(got(interrupted));
  }

  @Test
  void whereThereIsNoThreadToCarryItIsTriedAgainAndNothingIsLost() throws Exception {
    var failures = new AtomicInteger(5);
    var real = Threads.named("test-carrier");
    var carriers =
        new Carriers(
            "test-carrier",
            2,
            Duration.ofMillis(1),
            work -> {
              if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("thrown by a test");
              }
              return real.newThread(work);
            });
    var threads = carriers.factory("caller");

    for (int round = 0; round < 3; round++) {
      assertFalse(got(handed(carriers, threads)).isVirtual());
      eventually("all have ended", () -> carriers.threads() == 0);
      failures.set(3);
    }
  }

  @Test
  void whileACarrierIsAwayOthersGoOnThoughNothingWaitsNowAndThen() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");
    var release = new CountDownLatch(1);
    sendAway(1, carriers, threads, release);

    for (int i = 0; i < 200; i++) {
      assertFalse(got(handed(carriers, threads)).isVirtual());
    }
    release.countDown();
  }

  @Test
  void aTaskThatThrowsHarmsNobodyElse() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");
    threads
        .newThread(() ->
            carriers.next(() -> {
              throw new IllegalStateException("thrown by a test");
            }))
        .start();

    assertFalse(got(handed(carriers, threads)).isVirtual());
  }

  @Test
  void idleOnesEndAndOthersComeWhenThereIsWork() throws Exception {
    var carriers = carriers(2, Duration.ofMillis(1));
    var threads = carriers.factory("caller");
    for (int round = 0; round < 20; round++) {
      assertFalse(got(handed(carriers, threads)).isVirtual());
      eventually("all have ended", () -> carriers.threads() == 0);
    }
  }

  @Test
  void theyAreReplacedWhenTheyAreRenewed() throws Exception {
    var carriers = carriers(1, LONG);
    var threads = carriers.factory("caller");
    var before = got(handed(carriers, threads));

    carriers.replace();
    var after = got(handed(carriers, threads));

    assertNotSame(before, after);
    before.join(Duration.ofSeconds(30));
    assertFalse(before.isAlive());
  }

  @Test
  void nothingIsForgottenWhereManyWaitForEachOther() throws Exception {
    var carriers = carriers(2, Duration.ofMillis(1));
    var threads = carriers.factory("caller");
    int pairs = 500;
    int rounds = 40;
    var sum = new AtomicInteger();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      var between = new SynchronousQueue<Integer>();
      all.add(
          threads.newThread(() -> {
            for (int round = 0; round < rounds; round++) {
              var made = new CompletableFuture<Integer>();
              carriers.next(() -> made.complete(1));
              put(between, made.join());
            }
          }));
      all.add(
          threads.newThread(() -> {
            for (int round = 0; round < rounds; round++) {
              int got = take(between);
              var added = new CompletableFuture<Integer>();
              carriers.next(() -> added.complete(sum.addAndGet(got)));
              added.join();
            }
          }));
      if (i % 100 == 0) {
        carriers.replace();
      }
    }
    all.forEach(Thread::start);
    for (Thread thread : all) {
      assertTrue(thread.join(Duration.ofSeconds(60)), thread.getName());
    }

    assertEquals(pairs * rounds, sum.get());
  }

  private static void put(SynchronousQueue<Integer> queue, int value) {
    try {
      queue.put(value);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static int take(SynchronousQueue<Integer> queue) {
    try {
      return Objects.requireNonNull(queue.take());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
