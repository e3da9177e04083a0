package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.plan.BinomialTail;
import org.junit.jupiter.api.Test;

class BinomialTailTest {
  /** Probabilities of each number of successes, try by try. */
  private static double[] distribution(int tries, double chance) {
    var all = new double[tries + 1];
    all[0] = 1;
    for (int i = 0; i < tries; i++) {
      for (int n = i + 1; n > 0; n--) {
        all[n] = all[n] * (1 - chance) + all[n - 1] * chance;
      }
      all[0] *= 1 - chance;
    }
    return all;
  }

  private static double beyond(double[] distribution, int most) {
    double sum = 0;
    for (int n = distribution.length - 1; n > most; n--) {
      sum += distribution[n];
    }
    return sum;
  }

  @Test
  void isTheLeastThatKeepsTheRisk() {
    for (int tries : new int[] {1, 2, 10, 100, 1_000}) {
      for (double chance : new double[] {0.001, 0.03, 0.125, 0.5, 0.9, 0.999}) {
        var distribution = distribution(tries, chance);
        for (double risk : new double[] {0.1, 1e-3, 1e-5, 1e-9}) {
          int most = BinomialTail.atMost(tries, chance, risk);
          String what = tries + " tries of " + chance + ", risk " + risk + ": " + most;
          assertTrue(beyond(distribution, most) <= risk * 1.000_001, what);
          int mode = (int) Math.min(tries, (tries + 1) * chance);
          assertTrue(most == mode || beyond(distribution, most - 1) > risk * 0.999_999, what);
        }
      }
    }
  }

  @Test
  void standsWhereSingleOutcomesAreTooUnlikelyForNumbers() {
    int most = BinomialTail.atMost(10_000, 0.5, 1e-6);
    // Mean 5,000, standard deviation 50: 4.75 of them.
    assertTrue(most > 5_230 && most < 5_245, () -> "" + most);
  }

  @Test
  void knowsWhatIsCertain() {
    assertEquals(10, BinomialTail.atMost(10, 1, 1e-3));
    assertEquals(0, BinomialTail.atMost(10, 0, 1e-3));
    assertEquals(0, BinomialTail.atMost(0, 0.5, 1e-3));
  }
}
