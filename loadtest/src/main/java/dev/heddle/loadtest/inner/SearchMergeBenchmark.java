package dev.heddle.loadtest.inner;

import dev.heddle.aggregations.SearchPartial;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

  private List<SearchPartial> partials = List.of();
  private SearchPartials search = new SearchPartials(0, 0);

  /**
   * Also makes sure that merging leaves the partials as they are: they are merged again and again.
   */
  @Setup
  public void prepare() {
    search = new SearchPartials(hits, terms);
    var made = new ArrayList<SearchPartial>();
    for (int leaf = 0; leaf < leaves; leaf++) {
      made.add(search.leaf(leaf));
    }
    partials = made;
    if (!Arrays.equals(search.encode(merge()), search.encode(merge()))) {
      throw new IllegalStateException("merge: changed its arguments (expected: left alone)");
    }
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
