package dev.heddle.loadtest.wasm;

import dev.heddle.engine.Call;
import dev.heddle.engine.Sandbox;
import dev.heddle.function.testkit.TestContext;
import dev.heddle.process.Deadline;
import dev.heddle.process.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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

/** A fresh instance of a loaded module to its first result. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class FreshInstanceBenchmark {
  /** Which module. */
  public enum Size {
    SMALL,
    LARGE
  }

  private static final byte[] EVENT = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

  @Param public Size size = Size.SMALL;

  private @Nullable Sandbox sandbox;
  private @Nullable Call call;

  @Setup
  public void prepare() {
    var module = size == Size.SMALL ? WasmModules.resource("echo.wasm") : LargeModule.bytes();
    sandbox = WasmModules.load(module).newSandbox(WasmModules.LIMITS);
    call = call();
  }

  static Call call() {
    return new Call(
        new TestContext(),
        (operation, arguments) -> arguments,
        Deadline.after(Duration.ofHours(1), Ticker.system()));
  }

  @Benchmark
  public byte[] instance() {
    if (sandbox == null || call == null) {
      throw new IllegalStateException("not prepared");
    }
    return sandbox.invoke(EVENT, call);
  }
}
