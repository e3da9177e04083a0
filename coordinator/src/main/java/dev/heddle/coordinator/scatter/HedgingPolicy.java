package dev.heddle.coordinator.scatter;

import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Set;

/**
 * When a call is late, so that its shards are asked for at other replicas, too. Whether there is
 * room for that is not asked here: the coordinator keeps extra executions within their budget
 * whatever a policy says. An operator may bring code of their own: a {@link Factory} in a jar,
 * found by {@link java.util.ServiceLoader} and chosen by its name. Used by many threads at once.
 */
public interface HedgingPolicy {
  /** A delay that never ends. */
  long NEVER = Long.MAX_VALUE;

  /** Follows the function's name where calls hand parts of its plans to other coordinators. */
  String PARTS = "/parts";

  /**
   * Calls that are expected to take alike: those of a function over a dataset, to leaves or, with
   * {@link #PARTS} after its name, to coordinators.
   */
  Calls of(String datasetId, String function);

  /** Forgets datasets that are gone. */
  void retain(Set<String> datasetIds);

  /** Calls that are expected to take alike, and how long they took. */
  interface Calls {
    /**
     * How long the call may take before it is late.
     *
     * @param shards that it is for
     * @return nanoseconds, above 0; {@link #NEVER}: as long as it likes
     */
    long delayNanos(String node, int shards);

    /** A first call to a node ended with an answer after so long. */
    void answered(String node, int shards, long nanos);

    /** A first call was given up after so long: others were faster, or the deadline came. */
    void outrun(String node, int shards, long nanos);
  }

  /** Makes a policy; instances are found by {@link java.util.ServiceLoader}. */
  interface Factory {
    /** What a config calls it by. */
    String name();

    HedgingPolicy create(Settings settings, Ticker ticker);
  }

  /**
   * What an operator set.
   *
   * @param quantile of late calls' times, 0..1, beyond which a call is late
   * @param least no call is late before this
   */
  record Settings(double quantile, Duration least) {}
}
