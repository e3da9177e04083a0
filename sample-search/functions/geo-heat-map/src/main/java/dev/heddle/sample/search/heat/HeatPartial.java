package dev.heddle.sample.search.heat;

import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.TreeMap;

/**
 * Matches by cell.
 *
 * @param counts in the order of the cells
 */
record HeatPartial(TreeMap<Integer, Long> counts) {
  static final Codec<HeatPartial> CODEC = new HeatCodec();

  HeatPartial plus(HeatPartial other) {
    other.counts.forEach((cell, count) -> counts.merge(cell, count, Long::sum));
    return this;
  }

  /** Cells as differences, for they ascend. */
  private static final class HeatCodec implements Codec<HeatPartial> {
    private static final int MAX_CELLS = 1 << 24;

    @Override
    public void write(HeatPartial partial, DataOutput out) throws IOException {
      Binary.writeUnsigned(partial.counts.size(), out);
      int last = 0;
      for (var entry : partial.counts.entrySet()) {
        Binary.writeUnsigned(entry.getKey() - last, out);
        Binary.writeUnsigned(entry.getValue(), out);
        last = entry.getKey();
      }
    }

    @Override
    public HeatPartial read(DataInput in) throws IOException {
      int size = Binary.readCount(in, MAX_CELLS);
      var counts = new TreeMap<Integer, Long>();
      int cell = 0;
      for (int i = 0; i < size; i++) {
        cell += Binary.readCount(in, MAX_CELLS);
        counts.put(cell, Binary.readUnsigned(in));
      }
      return new HeatPartial(counts);
    }
  }
}
