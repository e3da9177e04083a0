package dev.heddle.coordinator.plan;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/** One leaf after the other, whatever they have: to compare with. */
public final class RoundRobinScheduling implements SchedulingPolicy {
  private final AtomicInteger next = new AtomicInteger();

  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    return Math.floorMod(next.getAndIncrement(), candidates.size());
  }
}
