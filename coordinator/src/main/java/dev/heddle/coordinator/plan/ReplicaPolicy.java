package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/**
 * Which of the replicas that can serve a read is asked. The coordinator has left out those that
 * cannot (not there, behind the position that is to be read, ejected); what remains is a question
 * of cost, and an operator may answer it with code of their own: a {@link Factory} in a jar, found
 * by {@link java.util.ServiceLoader} and chosen by its name. Called for every shard of every query,
 * by many threads at once.
 */
@FunctionalInterface
public interface ReplicaPolicy {
  /**
   * Chooses.
   *
   * @param candidates at least two
   * @param random of the calling thread
   * @return place of the chosen one
   */
  int choose(Candidates candidates, RandomGenerator random);

  /** Makes a policy; instances are found by {@link java.util.ServiceLoader}. */
  interface Factory {
    /** What a config calls it by. */
    String name();

    ReplicaPolicy create();
  }

  /** Replicas of one shard, and what is known of them. Valid during the call only. */
  interface Candidates {
    int size();

    String datasetId();

    int shard();

    String node(int place);

    /** What the replica lately worked on this shard, in microseconds; NaN: not known. */
    double serviceMicros(int place);

    /** What calls to the node take beyond the work, in microseconds; NaN: not known. */
    double overheadMicros(int place);

    /** Shards that this coordinator waits for at the node. */
    int outstanding(int place);

    /** Calls that the node said wait for its threads. */
    int queueLength(int place);

    /** Shards of the same query that the node is to have already. */
    int assigned(int place);
  }
}
