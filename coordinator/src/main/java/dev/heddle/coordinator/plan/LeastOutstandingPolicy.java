package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/** The one of two replicas chosen at random whose node has less to do, whatever that takes. */
public final class LeastOutstandingPolicy implements ReplicaPolicy {
  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    int count = candidates.size();
    int one = random.nextInt(count);
    int other = (one + 1 + random.nextInt(count - 1)) % count;
    return todo(candidates, one) <= todo(candidates, other) ? one : other;
  }

  private static int todo(Candidates candidates, int place) {
    return candidates.outstanding(place)
        + candidates.queueLength(place)
        + candidates.assigned(place);
  }
}
