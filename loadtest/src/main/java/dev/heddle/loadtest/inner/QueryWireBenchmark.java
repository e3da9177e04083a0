package dev.heddle.loadtest.inner;

import dev.heddle.function.ScatterRequest;
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

/** Brings a request from what functions see to the bytes of the wire, and back with all checks. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class QueryWireBenchmark {
  /** The size of the request. */
  public enum Size {
    TEXT,
    PAGE
  }

  @Param public Size size = Size.TEXT;

  private ScatterRequest request = SampleRequestsWire.text();
  private byte[] bytes = {};

  @Setup
  public void prepare() {
    request =
        switch (size) {
          case TEXT -> SampleRequestsWire.text();
          case PAGE -> SampleRequestsWire.page();
        };
    bytes = write();
    if (!request.equals(read())) {
      throw new IllegalStateException("request: changed on the wire (expected: equal)");
    }
  }

  @Benchmark
  public byte[] write() {
    return SampleRequestsWire.write(request);
  }

  @Benchmark
  public ScatterRequest read() {
    return SampleRequestsWire.read(bytes);
  }
}
