package dev.heddle.coordinator.plan;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.random.RandomGenerator;

/**
 * The cheaper one of two replicas drawn at random, by the cost of C3 (Suresh et al., NSDI 2015):
 * what calls take beyond the work, plus the work times the cube of what is before it. The work is
 * that of this replica of this shard, so read amplification is in it; what is not known of a
 * replica is the median of the others. The cube makes a long queue before a fast replica dearer
 * than a short one before a slow one, before all run to the fast one.
 *
 * <p>A fast replica is drawn more often, by the square of its speed, so that the fastest of three
 * is seldom left out; where all are alike, all are drawn alike.
 */
public final class C3Policy implements ReplicaPolicy {
  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    int count = candidates.size();
    int one = 0;
    int other = 1;
    if (count > 2) {
      double[] weights = new double[count];
      for (int i = 0; i < count; i++) {
        double service = Math.max(1, service(candidates, i));
        weights[i] = 1 / (service * service);
      }
      one = draw(weights, random);
      weights[one] = 0;
      other = draw(weights, random);
    } else if (random.nextBoolean()) {
      one = 1;
      other = 0;
    }
    return cost(candidates, one) <= cost(candidates, other) ? one : other;
  }

  /** The place of one, as likely as its weight says. */
  private static int draw(double[] weights, RandomGenerator random) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    double left = random.nextDouble() * sum;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** The replica's cost, in microseconds of a kind. */
  static double cost(Candidates candidates, int place) {
    double service = service(candidates, place);
    double overhead = known(candidates.size(), candidates::overheadMicros, place, 0);
    double before =
        1.0
            + candidates.outstanding(place)
            + candidates.queueLength(place)
            + candidates.assigned(place);
    return overhead + before * before * before * service;
  }

  private static double service(Candidates candidates, int place) {
    return known(candidates.size(), candidates::serviceMicros, place, 1);
  }

  private static double known(int count, IntToDoubleFunction figure, int place, double otherwise) {
    double own = figure.applyAsDouble(place);
    if (!Double.isNaN(own)) {
      return own;
    }
    double[] all = new double[count];
    int found = 0;
    for (int i = 0; i < count; i++) {
      double value = figure.applyAsDouble(i);
      if (!Double.isNaN(value)) {
        all[found++] = value;
      }
    }
    Arrays.sort(all, 0, found);
    return found == 0 ? otherwise : all[found / 2];
  }
}
