package dev.heddle.coordinator.scatter;

import dev.heddle.function.Bound;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.ShardTiming;

/** Calls in messages. */
public final class MadeCallWire {
  private MadeCallWire() {}

  public static LeafTiming timing(MadeCall call) {
    var timing =
        LeafTiming.newBuilder()
            .setNode(call.node())
            .setAttempt(call.attempt())
            .setKind(call.kind())
            .setEnd(call.end())
            .addAllAsked(call.asked())
            .setSettled(call.settled())
            .setSentMicros(call.sentMicros())
            .setReceivedMicros(call.receivedMicros())
            .setQueueMicros(call.queueMicros())
            .setActiveMicros(call.activeMicros())
            .setResponseBytes(call.bytes())
            .setError(call.error())
            .setCoordinator(call.coordinator())
            .setK(call.hits());
    if (!call.bar().equals(Bound.NONE)) {
      timing.setBar(call.bar().least());
    }
    for (var shard : call.shards()) {
      timing.addShards(
          ShardTiming.newBuilder()
              .setShard(shard.shard())
              .setStartMicros(shard.startMicros())
              .setActiveMicros(shard.activeMicros())
              .setDocuments(shard.documents())
              .setMatched(shard.matched())
              .setScanned(shard.scanned()));
    }
    return timing.build();
  }

  /**
   * A call that a coordinator tells of.
   *
   * @param coordinator that made it, unless another one did
   */
  static MadeCall call(LeafTiming timing, String coordinator) {
    return new MadeCall(
        timing.getNode(),
        timing.getAttempt(),
        timing.getKind(),
        timing.getEnd(),
        timing.getAskedList(),
        timing.getSettled(),
        timing.getSentMicros(),
        timing.getReceivedMicros(),
        timing.getQueueMicros(),
        timing.getActiveMicros(),
        timing.getResponseBytes(),
        timing.getError(),
        timing.getShardsList().stream()
            .map(shard ->
                new MadeCall.Part(
                    shard.getShard(),
                    shard.getStartMicros(),
                    shard.getActiveMicros(),
                    shard.getDocuments(),
                    shard.getMatched(),
                    shard.getScanned()))
            .toList(),
        timing.getCoordinator().isEmpty() ? coordinator : timing.getCoordinator(),
        timing.getK(),
        timing.hasBar() ? ScatterWire.bound(timing.getBar()) : Bound.NONE);
  }
}
