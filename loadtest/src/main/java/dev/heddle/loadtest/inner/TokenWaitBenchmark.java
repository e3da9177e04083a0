package dev.heddle.loadtest.inner;

import dev.heddle.loadtest.wasm.StoredShard;
import dev.heddle.shard.ReadLevel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a read waits for at a replica before it looks at anything: with a token whose position the
 * replica has passed, as in most reads of a session; and for what was acknowledged before it, which
 * the replica asks for, here of itself alone.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class TokenWaitBenchmark {
  private static final int DOCUMENTS = 1_000;

  @Param({"SESSION", "LINEARIZABLE"})
  public ReadLevel level = ReadLevel.SESSION;

  private @Nullable StoredShard stored;

  @Setup
  public void prepare() {
    stored = new StoredShard(DOCUMENTS);
  }

  @TearDown
  public void close() {
    if (stored != null) {
      stored.close();
    }
  }

  /** The index that an answer must have reached. */
  @Benchmark
  public long passed() throws ExecutionException, InterruptedException {
    if (stored == null) {
      throw new IllegalStateException("not prepared");
    }
    return stored.ready(level).get();
  }
}
