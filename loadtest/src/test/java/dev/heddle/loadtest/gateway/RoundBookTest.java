package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RoundBookTest {
  private final AtomicLong clock = new AtomicLong(-TimeUnit.HOURS.toNanos(1));
  private final RoundBook book = new RoundBook(2, clock::get);

  private void pass(long millis) {
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  @Test
  void aReceiverCountsFromWhenItsFrameWasSentAndARoundFromItsBeginning() throws Exception {
    var frames = book.begin();
    var first = frames.apply(clock.get());
    pass(10);
    var second = frames.apply(clock.get());
    pass(5);
    book.received(1, second);
    pass(5);
    book.received(0, first);

    assertTrue(book.await(Duration.ZERO));
    var outcome = book.take();
    assertEquals(List.of(), outcome.failures());
    assertEquals(5_000, outcome.each().percentiles().min(), 10);
    assertEquals(20_000, outcome.each().percentiles().max(), 20);
    assertEquals(1, outcome.last().count());
    assertEquals(20_000, outcome.last().percentiles().max(), 20);
    assertEquals(0, book.take().each().count(), "taken once");
  }

  @Test
  void whatComesTwiceOrFromAnEarlierRoundIsAFailureAndCountsNot() {
    var early = book.begin().apply(clock.get());
    book.received(0, early);
    book.received(0, early);
    var _ = book.begin();
    book.received(1, early);
    book.received(1, "what is this");

    var outcome = book.take();
    assertEquals(1, outcome.each().count());
    assertEquals(
        List.of(
            "receiver 0: the frame of round 1, after that of round 1 (expected: once, that of round"
                + " 1)",
            "receiver 1: the frame of round 1, after that of round 0 (expected: once, that of round"
                + " 2)",
            "receiver 1: what is this"),
        outcome.failures());
  }

  @Test
  void aReceiverWithoutItsFrameIsNamed() throws Exception {
    book.received(0, book.begin().apply(clock.get()));

    assertFalse(book.await(Duration.ZERO));
    assertEquals(
        List.of("round 1: 1 receivers without its frame, the first of them number 1"),
        book.take().failures());
  }

  @Test
  void whatAnotherProcessHasFoundIsTheSameHere() {
    book.received(0, book.begin().apply(clock.get()));
    book.failed("with \"quotes\"\nand lines");
    var outcome = book.take();
    var line = outcome.encoded();

    assertFalse(line.contains("\n"));
    assertEquals(outcome, RoundBook.Outcome.decode(line));
    assertEquals(1, RoundBook.Outcome.decode(line).each().count());
  }
}
