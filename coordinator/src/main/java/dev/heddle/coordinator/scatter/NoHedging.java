package dev.heddle.coordinator.scatter;

import java.util.Set;

/** No call is ever late. */
public final class NoHedging implements HedgingPolicy, HedgingPolicy.Calls {
  @Override
  public Calls of(String datasetId, String function) {
    return this;
  }

  @Override
  public void retain(Set<String> datasetIds) {}

  @Override
  public long delayNanos(String node, int shards) {
    return NEVER;
  }

  @Override
  public void answered(String node, int shards, long nanos) {}

  @Override
  public void outrun(String node, int shards, long nanos) {}
}
