package dev.heddle.loadtest.search.faults;

import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts what matches, shard by shard, and adds: a shard that was merged twice has twice its
 * documents. Runs in the clusters of an experiment.
 */
public final class ShardCounts implements ScatterFunction<Query, Map<Integer, Long>> {
  @Override
  public Query prepare(ScatterRequest request) {
    var _ = request.args().allow();
    return request.query();
  }

  @Override
  public Map<Integer, Long> leaf(Query query, Shard shard) {
    return Map.of(shard.number(), shard.count(query));
  }

  @Override
  public Map<Integer, Long> merge(Map<Integer, Long> a, Map<Integer, Long> b) {
    var sum = new TreeMap<>(a);
    b.forEach((shard, count) -> sum.merge(shard, count, Long::sum));
    return sum;
  }

  /** A JSON object: documents by the shard's number. */
  @Override
  public Object finish(Query query, @Nullable Map<Integer, Long> partial, Coverage coverage) {
    var result = new TreeMap<String, Object>();
    if (partial != null) {
      partial.forEach((shard, count) -> result.put(shard.toString(), count));
    }
    return result;
  }

  @Override
  public Codec<Map<Integer, Long>> codec() {
    return new Counts();
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }

  /** Twelve bytes a shard, after their number. */
  public static final class Counts implements Codec<Map<Integer, Long>> {
    @Override
    public void write(Map<Integer, Long> partial, DataOutput out) throws IOException {
      out.writeInt(partial.size());
      for (var entry : partial.entrySet()) {
        out.writeInt(entry.getKey());
        out.writeLong(entry.getValue());
      }
    }

    @Override
    public Map<Integer, Long> read(DataInput in) throws IOException {
      var partial = new TreeMap<Integer, Long>();
      for (int left = in.readInt(); left > 0; left--) {
        partial.put(in.readInt(), in.readLong());
      }
      return partial;
    }
  }
}
