package dev.heddle.loadtest.wasm;

import java.nio.charset.StandardCharsets;
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

/** The first call of a version that a worker never saw: shipped compiled, or compiled there. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@State(Scope.Thread)
@Warmup(iterations = 3)
@Measurement(iterations = 10)
@Fork(2)
public class FirstCallBenchmark {
  private static final byte[] EVENT = "1".getBytes(StandardCharsets.UTF_8);

  @Param public FreshInstanceBenchmark.Size size = FreshInstanceBenchmark.Size.LARGE;

  private byte[] module = {};
  private byte[] compiled = {};

  @Setup
  public void prepare() {
    boolean small = size == FreshInstanceBenchmark.Size.SMALL;
    module = small ? WasmModules.resource("echo.wasm") : LargeModule.bytes();
    compiled = WasmModules.compile(module);
  }

  @Benchmark
  public byte[] shipped() {
    return first(compiled);
  }

  @Benchmark
  public byte[] compiledThere() {
    return first(WasmModules.compile(module));
  }

  private byte[] first(byte[] archive) {
    return WasmModules.load(module, archive)
        .newSandbox(WasmModules.LIMITS)
        .invoke(EVENT, FreshInstanceBenchmark.call());
  }
}
