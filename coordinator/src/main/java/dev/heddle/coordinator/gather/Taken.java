package dev.heddle.coordinator.gather;

import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Partial;
import dev.heddle.function.Bound;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A partial in the answer, or put aside. Owned by the query's thread. */
final class Taken {
  /** What a partial weighs whose function does not say: so many times its encoded bytes. */
  static final int UNWEIGHED = 4;

  final Atom atom;
  final List<ShardReport> reports;
  final Set<Integer> shards;

  /** That were asked for; 0: all. */
  final int hits;

  /** To be looked at, as long as it may lack something; merging takes another. */
  @Nullable Partial decoded;

  Taken(Atom atom, List<ShardReport> reports, int hits) {
    this.atom = atom;
    this.reports = reports;
    this.shards = HashSet.newHashSet(atom.covers().size());
    atom.covers().forEach(ref -> shards.add(ref.shard()));
    this.hits = hits;
  }

  boolean trimmed() {
    return hits > 0 || atom.cut();
  }

  /** Whether it was told of more than there is. */
  boolean misled(Bound least) {
    return atom.bar().compareTo(least) > 0;
  }

  boolean covers(int shard) {
    return shards.contains(shard);
  }

  boolean within(Taken other) {
    return other.shards.containsAll(shards);
  }

  /** What some take of the heap, in bytes. */
  static long held(List<Taken> some) {
    long sum = 0;
    for (var one : some) {
      var decoded = one.decoded;
      sum += HeldBytes.of(one.atom);
      sum += decoded == null ? 0 : weight(decoded, one.atom.partial().length);
    }
    return sum;
  }

  /** A weight is at most 2^50 bytes: sums of all shards' stay positive. */
  static long weight(Partial partial, long encoded) {
    return partial.weight().orElse(UNWEIGHED * encoded);
  }
}
