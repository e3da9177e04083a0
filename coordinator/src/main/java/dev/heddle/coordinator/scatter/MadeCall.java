package dev.heddle.coordinator.scatter;

import dev.heddle.function.Bound;
import java.util.List;

/**
 * A call that a coordinator made, for people.
 *
 * @param node that was asked
 * @param attempt numbers the calls to this node
 * @param kind why it was made, in lower case
 * @param end what became of it, in lower case
 * @param asked shards that it was for
 * @param settled whether the bill has what it cost
 * @param sentMicros since the query came; for whom was handed a part of it: since that was asked
 * @param receivedMicros since then
 * @param bytes of the answer
 * @param error empty: none
 * @param shards that it told of
 * @param coordinator that made it; empty: the one that the query came to
 * @param hits that it was asked for; 0: as many as the query asks for
 * @param bar that its answer heeds
 */
public record MadeCall(
    String node,
    int attempt,
    String kind,
    String end,
    List<Integer> asked,
    boolean settled,
    long sentMicros,
    long receivedMicros,
    long queueMicros,
    long activeMicros,
    long bytes,
    String error,
    List<Part> shards,
    String coordinator,
    int hits,
    Bound bar) {
  public MadeCall {
    asked = List.copyOf(asked);
    shards = List.copyOf(shards);
  }

  /** The same in the times of whoever asked its coordinator so long after the query had come. */
  public MadeCall later(long micros) {
    return new MadeCall(
        node,
        attempt,
        kind,
        end,
        asked,
        settled,
        sentMicros + micros,
        receivedMicros + micros,
        queueMicros,
        activeMicros,
        bytes,
        error,
        shards,
        coordinator,
        hits,
        bar);
  }

  /** One shard's part in it; times since the leaf began to work on the call. */
  public record Part(
      int shard, long startMicros, long activeMicros, long documents, long matched, long scanned) {}
}
