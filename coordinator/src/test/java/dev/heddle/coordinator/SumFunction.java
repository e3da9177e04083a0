package dev.heddle.coordinator;

import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Joins names, so that order and double counting show; commutative only where told so. */
final class SumFunction implements ScatterFunction<String, String> {
  private final Set<Law> laws;

  SumFunction(Set<Law> laws) {
    this.laws = laws;
  }

  static byte[] encoded(String names) {
    var out = new java.io.ByteArrayOutputStream();
    try {
      new java.io.DataOutputStream(out).writeUTF(names);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  @Override
  public String prepare(ScatterRequest request) {
    return "";
  }

  @Override
  public String leaf(String query, Shard shard) {
    throw new UnsupportedOperationException("runs at the leaves only");
  }

  @Override
  public String merge(String a, String b) {
    if (b.equals("poison")) {
      throw new IllegalStateException("cannot merge " + b);
    }
    return a + "+" + b;
  }

  @Override
  public Object finish(String query, @Nullable String partial, Coverage coverage) {
    return partial == null ? "nothing" : partial;
  }

  @Override
  public String cut(String query, String merged, String trimmed) {
    return merged + "/" + trimmed;
  }

  @Override
  public Codec<String> codec() {
    return new Codec<>() {
      @Override
      public void write(String partial, DataOutput out) throws IOException {
        out.writeUTF(partial);
      }

      @Override
      public String read(DataInput in) throws IOException {
        return in.readUTF();
      }
    };
  }

  @Override
  public Set<Law> laws() {
    return laws;
  }
}
