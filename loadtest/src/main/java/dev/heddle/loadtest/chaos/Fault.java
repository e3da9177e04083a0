package dev.heddle.loadtest.chaos;

import java.util.List;
import java.util.Set;

/**
 * Something that was done to the cluster.
 *
 * @param step as planned
 * @param nodes that it hit; empty: none was there to be hit
 * @param led shards that these led, as far as it was known
 * @param leaf whether a node with data was among them
 * @param atNanos when
 */
public record Fault(
    NemesisStep step, List<String> nodes, Set<Integer> led, boolean leaf, long atNanos) {
  public Fault {
    nodes = List.copyOf(nodes);
    led = Set.copyOf(led);
  }

  public boolean kill() {
    return step.action() == NemesisStep.Action.KILL && !nodes.isEmpty();
  }

  public boolean pause() {
    return step.action() == NemesisStep.Action.PAUSE && !nodes.isEmpty();
  }

  boolean everyone() {
    return step.target() instanceof NemesisStep.Target.Everyone;
  }
}
