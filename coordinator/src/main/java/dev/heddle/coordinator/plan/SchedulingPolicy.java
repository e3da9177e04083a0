package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/**
 * Which leaf runs a plain invocation. The coordinator has left out leaves that refused it or could
 * not be reached; what remains is a question of what is near and who has room, and an operator may
 * answer it with code of their own: a {@link Factory} in a jar, found by {@link
 * java.util.ServiceLoader} and chosen by its name. Called for every invocation, by many threads at
 * once.
 */
@FunctionalInterface
public interface SchedulingPolicy {
  /**
   * Chooses.
   *
   * @param candidates at least one
   * @param random of the calling thread
   * @return place of the chosen one
   */
  int choose(Candidates candidates, RandomGenerator random);

  /** Makes a policy; instances are found by {@link java.util.ServiceLoader}. */
  interface Factory {
    /** What a config calls it by. */
    String name();

    SchedulingPolicy create();
  }

  /** Leaves, and what is known of them. Valid during the call only. */
  interface Candidates {
    int size();

    String tenant();

    /** Digest of the function's version. */
    String version();

    /** Calls with the same one had better go to the same leaf, such as a session's; empty: none. */
    String localityKey();

    /** Whether the caller named a document that the function will use. */
    boolean dataNamed();

    String node(int place);

    /** Whether the leaf has a copy of the shard of that document. */
    boolean hasData(int place);

    /** Whether the version's code is loaded and compiled there. */
    boolean loaded(int place);

    /** Sandboxes of the version there that could take an event at once. */
    int idle(int place);

    /**
     * Invocations that run or wait there: what the leaf last told, or what this coordinator has
     * sent there and waits for, whichever is more.
     */
    int load(int place);

    /** Invocations that waited for room there when the leaf last told. */
    int queued(int place);
  }
}
