package dev.heddle.loadtest.wasm;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.Call;
import dev.heddle.engine.Sandbox;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * A million rounds of arithmetic, and of reading and writing memory, in WebAssembly and in Java.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class HotLoopBenchmark {
  private static final int ROUNDS = 1_000_000;

  @Param({"arithmetic", "memory"})
  public String loop = "arithmetic";

  private byte[] event = {};
  private int[] histogram = {};
  private @Nullable Sandbox sandbox;
  private @Nullable Call call;

  @Setup
  public void prepare() {
    event = new byte[loop.equals("arithmetic") ? 1 : 2];
    sandbox =
        WasmModules.load(WasmModules.resource("loops.wasm"), FunctionKind.HANDLER)
            .newSandbox(WasmModules.LIMITS);
    call = FreshInstanceBenchmark.call();
    histogram = new int[65_536];
  }

  @Benchmark
  public byte[] wasm() {
    if (sandbox == null || call == null) {
      throw new IllegalStateException("not prepared");
    }
    return sandbox.invoke(event, call);
  }

  @Benchmark
  public long java() {
    return event.length == 1 ? mix() : histogram();
  }

  private static long mix() {
    long x = 88172645463325252L;
    for (int i = 0; i < ROUNDS; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    return x;
  }

  private long histogram() {
    var counts = histogram;
    for (int i = 0; i < ROUNDS; i++) {
      counts[i * -1640531527 & 65_535] += i;
    }
    return counts[0];
  }
}
