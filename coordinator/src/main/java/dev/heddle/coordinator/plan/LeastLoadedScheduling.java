package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/**
 * The leaf with the least to do, at random among equals, whatever it has of the function. All
 * coordinators see the same leaf as the least loaded one until it tells otherwise, and crowd it: to
 * compare with.
 */
public final class LeastLoadedScheduling implements SchedulingPolicy {
  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    int best = 0;
    int alike = 1;
    for (int place = 1; place < candidates.size(); place++) {
      int order = Integer.compare(candidates.load(place), candidates.load(best));
      if (order < 0) {
        best = place;
        alike = 1;
      } else if (order == 0 && random.nextInt(++alike) == 0) {
        best = place;
      }
    }
    return best;
  }
}
