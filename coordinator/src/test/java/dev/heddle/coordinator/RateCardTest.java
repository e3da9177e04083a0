package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.engine.Bill;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
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

  @Test
  void roundsDownOnceHoweverLargeAmountsAre() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    for (int i = 0; i < 1_000; i++) {
      long amount = random.nextLong() >>> (1 + random.nextInt(60));
      long rate = random.nextLong() >>> (30 + random.nextInt(34));
      var unit = BigInteger.valueOf(1_024L * 1_000_000_000L);
      var exact = BigInteger.valueOf(amount).multiply(BigInteger.valueOf(rate)).divide(unit);
      if (exact.bitLength() < Long.SIZE) {
        long picos = new RateCard("USD", rate, 0, 0).picos(bill(0, 0, 0, amount));
        assertEquals(exact.longValueExact(), picos, () -> "seed " + seed);
      }
    }
  }

  private static Bill bill(long active, long cpu, long documents, long memoryMibNanos) {
    return new Bill(
        active, cpu, 0, documents, 0, 0, 0, 0, memoryMibNanos, 0, true, List.of(), 0, 0);
  }
}
