package dev.heddle.shard;

import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Role;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Notices shards that are to come to this node and get no further, such as those whose state does
 * not fit its disk. For one thread.
 */
final class JoinWatch {
  private final Duration patience;
  private final Map<ShardIdentity, Best> best = new HashMap<>();

  /**
   * How far one was.
   *
   * @param progress of the state that it fetches: fetching the same again is none
   * @param sinceNanos when it got there
   */
  private record Best(long generation, long applied, double progress, long sinceNanos) {}

  JoinWatch(Duration patience) {
    this.patience = patience;
  }

  /** Forgets all but these. */
  void retain(Set<ShardIdentity> shards) {
    best.keySet().retainAll(shards);
  }

  /**
   * Whether the node is to be relieved of the shard.
   *
   * @param joins whether it is to come here, by its placement
   */
  boolean stuck(Slot slot, boolean joins, long now) {
    ShardReplica replica = slot.replica();
    if (!joins || (replica != null && member(replica.status()))) {
      best.remove(slot.identity());
      return false;
    }
    long applied = replica == null ? -1 : replica.local().applied().index();
    double progress = replica == null ? -1 : replica.progress();
    return stuck(slot.identity(), slot.placement().generation(), applied, progress, now);
  }

  boolean stuck(ShardIdentity shard, long generation, long applied, double progress, long now) {
    Best before = best.get(shard);
    if (before == null || before.generation() != generation) {
      best.put(shard, new Best(generation, applied, progress, now));
      return false;
    }
    if (applied > before.applied() || progress > before.progress()) {
      best.put(
          shard,
          new Best(
              generation,
              Math.max(applied, before.applied()),
              Math.max(progress, before.progress()),
              now));
      return false;
    }
    return now - before.sinceNanos() >= patience.toNanos();
  }

  private static boolean member(GroupStatus status) {
    return status.role() != Role.OUTSIDE && status.role() != Role.CLOSED;
  }
}
