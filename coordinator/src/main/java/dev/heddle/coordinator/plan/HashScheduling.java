package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/**
 * Always the same leaf for a locality key, or without one for a function's version, however busy it
 * is: to compare with.
 */
public final class HashScheduling implements SchedulingPolicy {
  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    String what =
        candidates.localityKey().isEmpty() ? candidates.version() : candidates.localityKey();
    return Rendezvous.first(candidates, candidates.tenant() + "/" + what, -1);
  }
}
