package dev.heddle.sample.search.rerank;

import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The best matches of some shards, best first.
 *
 * @param depth how many are kept
 */
record RankPartial(int depth, List<Found> best) {
  static final Codec<RankPartial> CODEC = new RankCodec();

  private static final Comparator<Found> BEST_FIRST =
      Comparator.comparingDouble(Found::base).reversed().thenComparing(Found::id);

  static RankPartial of(int depth, List<Found> found) {
    return new RankPartial(depth, found.stream().sorted(BEST_FIRST).limit(depth).toList());
  }

  RankPartial plus(RankPartial other) {
    var all = new ArrayList<>(best);
    all.addAll(other.best);
    return of(depth, all);
  }

  /**
   * A match.
   *
   * @param base its score for the query
   * @param number what its field holds; 0 for none or less
   */
  record Found(String id, double base, double number) {}

  private static final class RankCodec implements Codec<RankPartial> {
    private static final int MAX = 1_000;
    private static final int MAX_ID = 64 * 1024;

    @Override
    public void write(RankPartial partial, DataOutput out) throws IOException {
      Binary.writeUnsigned(partial.depth, out);
      Binary.writeUnsigned(partial.best.size(), out);
      for (var found : partial.best) {
        Binary.writeString(found.id, out);
        out.writeDouble(found.base);
        out.writeDouble(found.number);
      }
    }

    @Override
    public RankPartial read(DataInput in) throws IOException {
      int depth = Binary.readCount(in, MAX);
      int size = Binary.readCount(in, MAX);
      var best = new ArrayList<Found>();
      for (int i = 0; i < size; i++) {
        best.add(new Found(Binary.readString(in, MAX_ID), in.readDouble(), in.readDouble()));
      }
      return new RankPartial(depth, best);
    }
  }
}
