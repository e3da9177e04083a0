package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  private final ManualTicker ticker = new ManualTicker();

  @Test
  void passesWithTheTickerAlsoOverItsOverflow() {
    Deadline deadline = Deadline.after(Duration.ofSeconds(10), ticker);
    assertFalse(deadline.expired(ticker));
    ticker.advance(Duration.ofSeconds(9));
    assertEquals(Duration.ofSeconds(1), deadline.remaining(ticker));
    assertFalse(deadline.expired(ticker));
    ticker.advance(Duration.ofSeconds(2));
    assertTrue(deadline.expired(ticker));
    assertEquals(Duration.ZERO, deadline.remaining(ticker));
    assertEquals(-1_000_000_000L, deadline.remainingNanos(ticker));
  }

  @Test
  void theEarlierOneIsChosenAlsoOverTheOverflow() {
    Deadline early = Deadline.after(Duration.ofMillis(500), ticker);
    Deadline late = Deadline.after(Duration.ofSeconds(5), ticker);
    assertEquals(early, late.earlier(early));
    assertEquals(early, early.earlier(late));
  }

  @Test
  void endlessTimesAreCutToWhatCanBeCompared() {
    Deadline deadline = Deadline.after(Duration.ofSeconds(Long.MAX_VALUE), ticker);
    assertFalse(deadline.expired(ticker));
    ticker.advance(Duration.ofDays(365));
    assertFalse(deadline.expired(ticker));
  }

  @Test
  void takesWhatTheCallHasOrElseTheDefault() {
    Deadline otherwise = Deadline.ofGrpc(null, Duration.ofSeconds(60), ticker);
    assertEquals(Duration.ofSeconds(60), otherwise.remaining(ticker));
    io.grpc.Deadline grpc = io.grpc.Deadline.after(60, TimeUnit.SECONDS);
    long left = Deadline.ofGrpc(grpc, Duration.ZERO, ticker).remainingNanos(ticker);
    assertTrue(left > TimeUnit.SECONDS.toNanos(30) && left <= TimeUnit.SECONDS.toNanos(60));
    long back = otherwise.toGrpc(ticker).timeRemaining(TimeUnit.MILLISECONDS);
    assertTrue(back > 30_000 && back <= 60_000, () -> "" + back);
  }
}
