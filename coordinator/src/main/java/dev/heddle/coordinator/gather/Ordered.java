package dev.heddle.coordinator.gather;

import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import java.util.Comparator;

/** A partial that awaits its turn, encoded, because merging may change partials. */
record Ordered(int first, int last, Atom atom) {
  static final Comparator<Ordered> BY_SHARD = Comparator.comparingInt(Ordered::first);

  static Ordered of(Atom atom) {
    var shards = atom.covers().stream().mapToInt(ShardRef::shard).summaryStatistics();
    return new Ordered(shards.getMin(), shards.getMax(), atom);
  }

  /** Whether no shard is or comes between both, nor within. */
  boolean follows(Ordered before) {
    return first == before.last + 1 && unbroken() && before.unbroken();
  }

  private boolean unbroken() {
    return last - first + 1 == atom.covers().size();
  }
}
