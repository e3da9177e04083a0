package dev.heddle.shard;

import java.util.Random;

/** Where random tests begin: another place each time, or where {@code -Dheddle.seed=…} says. */
final class Seed {
  private Seed() {}

  /** A seed, printed. */
  static long draw() {
    long seed = Long.getLong("heddle.seed", new Random().nextLong());
    System.out.println("seed " + seed);
    return seed;
  }
}
