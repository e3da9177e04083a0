package dev.heddle.loadtest.inner;

import dev.heddle.aggregations.SearchPartial;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Merges the partials of a query's leaves, one after the other, as they arrive. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SearchMergeBenchmark {
  @Param({"10", "100"})
  public int hits;

  @Param({"0", "10", "1000"})
  public int terms;

  @Param({"3", "32"})
  public int leaves;

  private List<byte[]> encoded = List.of();
  private List<SearchPartial> partials = List.of();
  private SearchPartials search = new SearchPartials(0, 0);

  @Setup
  public void prepare() {
    search = new SearchPartials(hits, terms);
    encoded = IntStream.range(0, leaves).mapToObj(search::leaf).map(search::encode).toList();
  }

  /** A merge may change what it merges. */
  @Setup(Level.Invocation)
  public void arrive() {
    partials = encoded.stream().map(search::decode).toList();
  }

  @Benchmark
  public SearchPartial merge() {
    var merged = partials.getFirst();
    for (int leaf = 1; leaf < partials.size(); leaf++) {
      merged = search.merge(merged, partials.get(leaf));
    }
    return merged;
  }
}
