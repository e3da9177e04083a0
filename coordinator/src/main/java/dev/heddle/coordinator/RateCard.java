package dev.heddle.coordinator;

import dev.heddle.engine.Bill;

/**
 * What work costs, in picos (10^-12) of a currency, in integers.
 *
 * @param currency for people
 * @param picosPerGibSecond for one GiB of memory cap held active for one second
 * @param picosPerCpuSecond for one second of a CPU
 * @param picosPerMillionDocuments for a million documents scanned
 */
public record RateCard(
    String currency,
    long picosPerGibSecond,
    long picosPerCpuSecond,
    long picosPerMillionDocuments) {
  private static final long MIB_NANOS_PER_GIB_SECOND = 1_024L * 1_000_000_000L;

  public RateCard {
    if (picosPerGibSecond < 0 || picosPerCpuSecond < 0 || picosPerMillionDocuments < 0) {
      throw new IllegalArgumentException("rate: negative (expected: >= 0)");
    }
  }

  /** The published on-demand price of a GB-second at a large provider, and nothing for the rest. */
  public static RateCard defaults() {
    return new RateCard("USD", 16_666_700L, 0, 0);
  }

  /** The price, rounded down to a pico once. */
  public long picos(Bill bill) {
    return multiplyDivide(bill.memoryMibNanos(), picosPerGibSecond, MIB_NANOS_PER_GIB_SECOND)
        + multiplyDivide(bill.cpuNanos(), picosPerCpuSecond, 1_000_000_000L)
        + multiplyDivide(bill.documentsScanned(), picosPerMillionDocuments, 1_000_000L);
  }

  /** The bill with its price. */
  public Bill price(Bill bill) {
    return bill.withCost(picos(bill));
  }

  private static long multiplyDivide(long amount, long rate, long unit) {
    if (rate == 0) {
      return 0;
    }
    long rest = amount % unit;
    if (Math.multiplyHigh(rest, rate) == 0 && rest * rate >= 0) {
      return Math.addExact(Math.multiplyExact(amount / unit, rate), rest * rate / unit);
    }
    return Math.multiplyExact(amount / unit, rate)
        + java.math.BigInteger.valueOf(rest)
            .multiply(java.math.BigInteger.valueOf(rate))
            .divide(java.math.BigInteger.valueOf(unit))
            .longValueExact();
  }
}
