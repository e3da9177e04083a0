package dev.heddle.loadtest.wasm;

import dev.heddle.engine.Call;
import dev.heddle.engine.Sandbox;
import dev.heddle.loadtest.function.EchoHandler;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
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
 * An event to its reply through a warm sandbox of each runtime, without the threads and the bill
 * around it: the handler gives it back.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SandboxCallBenchmark {
  /** Of the function. */
  public enum Language {
    JAVA,
    WASM
  }

  private static final String OBJECT = "{\"name\":\"Ada\",\"number\":42}";

  @Param public Language language = Language.JAVA;

  /** Bytes of the event, about. */
  @Param({"30", "3000"})
  public int bytes = 30;

  private byte[] event = {};
  private @Nullable Sandbox sandbox;
  private @Nullable Call call;

  @Setup
  public void prepare() {
    var objects = String.join(",", Collections.nCopies(bytes / OBJECT.length() + 1, OBJECT));
    event = ("[" + objects + "]").getBytes(StandardCharsets.UTF_8);
    var loaded =
        switch (language) {
          case JAVA -> WasmModules.loadJava(EchoHandler.class);
          case WASM -> WasmModules.load(WasmModules.resource("echo.wasm"));
        };
    sandbox = loaded.newSandbox(WasmModules.LIMITS);
    call = FreshInstanceBenchmark.call();
  }

  @Benchmark
  public byte[] call() {
    if (sandbox == null || call == null) {
      throw new IllegalStateException("not prepared");
    }
    return sandbox.invoke(event, call);
  }
}
