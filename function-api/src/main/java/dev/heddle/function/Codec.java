package dev.heddle.function;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** How a partial travels between nodes. Reading what was written gives an equal partial. */
public interface Codec<P> {
  void write(P partial, DataOutput out) throws IOException;

  /** Throws an IOException when the bytes are no partial. */
  P read(DataInput in) throws IOException;
}
