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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Counts the documents that match; a {@code share} of its calls of a leaf stall for {@code millis}
 * before they begin. Runs in the clusters of an experiment.
 */
public final class StallingCount implements ScatterFunction<StallingCount.Asked, Long> {
  private static final long LONGEST_MILLIS = 60_000;

  private final CountDownLatch never = new CountDownLatch(1);
  private boolean begun;

  /** What was asked for. */
  public record Asked(Query query, double share, long millis) {}

  @Override
  public Asked prepare(ScatterRequest request) {
    var args = request.args().allow("share", "millis");
    return new Asked(
        request.query(),
        args.number("share", 0, 0, 1),
        args.integer("millis", 0, 0, LONGEST_MILLIS));
  }

  @Override
  public Long leaf(Asked asked, Shard shard) throws InterruptedException {
    // One instance serves all shards of a call, and the call stalls, not each shard.
    if (!begun) {
      begun = true;
      if (ThreadLocalRandom.current().nextDouble() < asked.share()) {
        var _ = never.await(asked.millis(), TimeUnit.MILLISECONDS);
      }
    }
    return shard.count(asked.query());
  }

  @Override
  public Long merge(Long a, Long b) {
    return a + b;
  }

  @Override
  public Object finish(Asked asked, @Nullable Long partial, Coverage coverage) {
    return partial == null ? 0L : partial;
  }

  @Override
  public Codec<Long> codec() {
    return new Counts();
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }

  /** Eight bytes. */
  public static final class Counts implements Codec<Long> {
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
