package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.engine.Bill;
import java.util.List;
import org.junit.jupiter.api.Test;

class RateCardTest {
  @Test
  void chargesActiveTimeTimesMemoryWithoutRounding() {
    var card = new RateCard("USD", 16_666_700L, 0, 0);
    // One GiB for one second.
    var bill = bill(1_000_000_000L, 0, 0, 1_024L * 1_000_000_000L);
    assertEquals(16_666_700L, card.picos(bill));
    // 128 MiB for one millisecond: 16,666,700 / 8 / 1,000 = 2083.3375, rounded down once.
    assertEquals(2_083L, card.picos(bill(1_000_000L, 0, 0, 128_000_000L)));
  }

  @Test
  void holdsForDaysOfManyGibibytes() {
    var card = new RateCard("USD", 1_000_000_000L, 1_000_000_000L, 5_000_000L);
    long dayNanos = 86_400L * 1_000_000_000L;
    var bill = bill(dayNanos, dayNanos, 2_000_000L, dayNanos * 1_024);
    assertEquals(86_400L * 2_000_000_000L + 10_000_000L, card.picos(bill));
  }

  private static Bill bill(long active, long cpu, long documents, long memoryMibNanos) {
    return new Bill(
        active, cpu, 0, documents, 0, 0, 0, 0, memoryMibNanos, 0, true, List.of(), 0, 0);
  }
}
