package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DeliveryBookTest {
  private final AtomicLong clock = new AtomicLong(-TimeUnit.HOURS.toNanos(1));

  /** Members 0 and 2 are in room 0, member 1 in room 1. */
  private final DeliveryBook book = new DeliveryBook(3, 2, clock::get);

  private void pass(long millis) {
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  @Test
  void aDeliveryCountsFromWhenItsMessageWasToBePublished() throws Exception {
    long began = clock.get();
    book.begin(3, began);
    // All are late: due every 10 ms, they are published together after 20.
    var messages =
        List.of(
            book.message(0, began),
            book.message(1, began + TimeUnit.MILLISECONDS.toNanos(10)),
            book.message(2, began + TimeUnit.MILLISECONDS.toNanos(20)));
    pass(20);
    book.received(0, messages.get(0));
    book.received(2, messages.get(0));
    book.received(1, messages.get(1));
    book.received(0, messages.get(2));
    book.received(2, messages.get(2));

    var outcome = book.await(Duration.ZERO);
    assertEquals(List.of(), outcome.failures());
    assertEquals(0, outcome.missing());
    assertEquals(5, outcome.times().count());
    assertEquals(20_000, outcome.times().percentiles().max(), 20);
    assertEquals(10_000, outcome.times().percentiles().p50(), 20);
    assertEquals(128, messages.get(1).length());
  }

  @Test
  void whatComesTwiceOutOfOrderOrToAnotherRoomIsAFailureAndCountsNot() throws Exception {
    book.begin(4, clock.get());
    var early = book.message(0, clock.get());
    var late = book.message(2, clock.get());
    book.received(0, late);
    book.received(0, early);
    book.received(0, late);
    book.received(1, early);
    book.received(2, "what is this");

    var outcome = book.await(Duration.ZERO);
    assertEquals(1, outcome.times().count());
    assertEquals(5, outcome.missing());
    assertEquals(
        List.of(
            "member 0: message 0 of run 1, after number 2 of run 1 (expected: those of its room,"
                + " once, in order)",
            "member 0: message 2 of run 1, after number 2 of run 1 (expected: those of its room,"
                + " once, in order)",
            "member 1: message 0 of run 1, after number -1 of run 1 (expected: those of its room,"
                + " once, in order)",
            "member 2: what is this",
            "5 deliveries did not come (expected: all)"),
        outcome.failures());
  }

  @Test
  void ofAMessageThatWasRefusedNoDeliveryIsMissed() throws Exception {
    book.begin(2, clock.get());
    book.refused(0, "429");
    book.received(1, book.message(1, clock.get()));

    var outcome = book.await(Duration.ZERO);
    assertEquals(0, outcome.missing());
    assertEquals(List.of("message 0: 429"), outcome.failures());
  }

  @Test
  void whatIsLeftOfAnEarlierRunIsAFailure() throws Exception {
    book.begin(1, clock.get());
    var old = book.message(0, clock.get());
    book.begin(1, clock.get());
    book.received(0, old);

    assertEquals(
        "member 0: message 0 of run 1, after number -1 of run 2 (expected: those of its room, once,"
            + " in order)",
        book.await(Duration.ZERO).failures().getFirst());
  }
}
