package dev.heddle.coordinator.plan;

import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The current statistics epoch of each dataset. A new one begins when a shard was seen to have
 * changed and the old one is older than the refresh interval, or when it has grown too large. Safe
 * for many threads.
 */
public final class StatisticsEpochs {
  private static final int MAX_TERMS = 100_000;

  private final String owner;
  private final Duration refresh;
  private final Ticker ticker;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<String, StatisticsEpoch> current = new ConcurrentHashMap<>();

  /**
   * Creates the registry.
   *
   * @param owner unique to this run of this coordinator
   */
  public StatisticsEpochs(String owner, Duration refresh, Ticker ticker) {
    this.owner = owner;
    this.refresh = refresh;
    this.ticker = ticker;
  }

  public StatisticsEpoch current(String datasetId) {
    var epoch = current.get(datasetId);
    if (epoch != null && !outdated(epoch)) {
      return epoch;
    }
    return current.compute(
        datasetId, (id, known) -> known == null || outdated(known) ? fresh() : known);
  }

  /** An epoch for one query only, whose figures not all shards contributed to. */
  public StatisticsEpoch passing() {
    return fresh();
  }

  /** Forgets datasets that are gone. */
  public void retain(java.util.Set<String> datasetIds) {
    current.keySet().retainAll(datasetIds);
  }

  private boolean outdated(StatisticsEpoch epoch) {
    return epoch.size() > MAX_TERMS
        || (epoch.stale() && ticker.nanoTime() - epoch.createdNanos() >= refresh.toNanos());
  }

  private StatisticsEpoch fresh() {
    return new StatisticsEpoch(owner, numbers.incrementAndGet(), ticker.nanoTime());
  }
}
