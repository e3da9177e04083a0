package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class WaitersTest {
  @Test
  void thoseAtTheIndexAndBeforeItAreDone() {
    Waiters waiters = new Waiters(10);
    CompletableFuture<Void> five = waiters.await(5);
    CompletableFuture<Void> six = waiters.await(6);
    CompletableFuture<Void> alsoSix = waiters.await(6);
    CompletableFuture<Void> seven = waiters.await(7);
    assertFalse(waiters.any(4));
    assertTrue(waiters.any(5));
    waiters.reached(4);
    assertFalse(five.isDone());
    waiters.reached(6);
    assertTrue(five.isDone() && six.isDone() && alsoSix.isDone());
    assertFalse(seven.isDone());
    assertFalse(waiters.any(6));
    assertTrue(waiters.any(100));
    waiters.reached(100);
    assertTrue(seven.isDone());
  }

  @Test
  void noMoreThanSoManyWait() throws Exception {
    Waiters waiters = new Waiters(2);
    CompletableFuture<Void> first = waiters.await(1);
    var _ = waiters.await(9);
    assertEquals(ErrorCode.QUEUE_FULL, code(waiters.await(3)));
    waiters.reached(1);
    first.get();
    CompletableFuture<Void> third = waiters.await(3);
    assertFalse(third.isDone());
    assertEquals(ErrorCode.QUEUE_FULL, code(waiters.await(3)));
  }

  @Test
  void whoGivesUpMakesRoom() {
    Waiters waiters = new Waiters(2);
    CompletableFuture<Void> first = waiters.await(4);
    CompletableFuture<Void> second = waiters.await(4);
    waiters.forget(4, first);
    // Twice, or another one's, changes nothing.
    waiters.forget(4, first);
    waiters.forget(5, second);
    CompletableFuture<Void> third = waiters.await(6);
    assertFalse(third.isDone());
    assertEquals(ErrorCode.QUEUE_FULL, code(waiters.await(7)));
    waiters.forget(6, third);
    waiters.forget(4, second);
    assertFalse(waiters.any(Long.MAX_VALUE));
  }

  @Test
  void aFailureIsThatOfAllThatWaitAndAllThatCome() {
    Waiters waiters = new Waiters(2);
    CompletableFuture<Void> before = waiters.await(1);
    waiters.fail(new HeddleException(ErrorCode.UNAVAILABLE, "closed"));
    assertEquals(ErrorCode.UNAVAILABLE, code(before));
    assertEquals(ErrorCode.UNAVAILABLE, code(waiters.await(1)));
    waiters.reached(1);
  }

  @Test
  void nobodyIsForgottenWhileIndexesAreReached() throws Exception {
    Waiters waiters = new Waiters(100_000);
    try (ExecutorService readers = Executors.newFixedThreadPool(3)) {
      List<Future<List<CompletableFuture<Void>>>> all = new ArrayList<>();
      for (int reader = 0; reader < 2; reader++) {
        all.add(
            readers.submit(() -> {
              List<CompletableFuture<Void>> mine = new ArrayList<>();
              for (int index = 0; index < 2_000; index++) {
                mine.add(waiters.await(index));
              }
              return mine;
            }));
      }
      Future<?> writer =
          readers.submit(() -> {
            for (int index = 0; index < 2_000; index++) {
              waiters.reached(index);
            }
          });
      writer.get();
      List<CompletableFuture<Void>> waiting = new ArrayList<>();
      for (Future<List<CompletableFuture<Void>>> mine : all) {
        waiting.addAll(mine.get());
      }
      waiters.reached(2_000);
      for (CompletableFuture<Void> one : waiting) {
        one.get(60, TimeUnit.SECONDS);
      }
    }
    assertFalse(waiters.any(Long.MAX_VALUE));
  }

  private static ErrorCode code(CompletableFuture<Void> waiter) {
    assertTrue(waiter.isDone());
    ExecutionException failure = assertThrows(ExecutionException.class, waiter::get);
    return assertInstanceOf(HeddleException.class, failure.getCause()).code();
  }
}
