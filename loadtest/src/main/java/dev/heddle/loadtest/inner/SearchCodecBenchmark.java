package dev.heddle.loadtest.inner;

import dev.heddle.aggregations.SearchPartial;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/** Writes and reads a leaf's partial of the built-in search. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SearchCodecBenchmark {
  @Param({"10", "100"})
  public int hits;

  @Param({"0", "10", "1000"})
  public int terms;

  private SearchPartials search = new SearchPartials(0, 0);
  private SearchPartial partial = search.leaf(0);
  private byte[] bytes = {};

  @Setup
  public void prepare() {
    search = new SearchPartials(hits, terms);
    partial = search.leaf(0);
    bytes = encode();
  }

  @Benchmark
  public byte[] encode() {
    return search.encode(partial);
  }

  @Benchmark
  public SearchPartial decode() {
    return search.decode(bytes);
  }
}
