package dev.heddle.loadtest.search;

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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Adds up the field {@code n} of all matches. Runs in the clusters of an experiment. */
public final class FieldSum implements ScatterFunction<Query, Long> {
  @Override
  public Query prepare(ScatterRequest request) {
    return request.query();
  }

  @Override
  public Long leaf(Query query, Shard shard) {
    var adder = new Adder();
    shard.forEach(query, adder);
    return adder.sum;
  }

  /** Over segments. */
  public static final class Adder implements Shard.Collector {
    private long sum;

    @Override
    public Shard.SegmentCollector enter(Shard.Segment segment) {
      var values = segment.longs("n");
      return (document, _) -> {
        if (values.advance(document)) {
          sum += values.next();
        }
      };
    }
  }

  @Override
  public Long merge(Long a, Long b) {
    return a + b;
  }

  @Override
  public Object finish(Query query, @Nullable Long partial, Coverage coverage) {
    return partial == null ? 0L : partial;
  }

  @Override
  public Codec<Long> codec() {
    return new Sums();
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }

  /** Eight bytes. */
  public static final class Sums implements Codec<Long> {
    @Override
    public void write(Long partial, DataOutput out) throws IOException {
      out.writeLong(partial);
    }

    @Override
    public Long read(DataInput in) throws IOException {
      return in.readLong();
    }
  }
}
