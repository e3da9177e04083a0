package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.Call;
import dev.heddle.engine.LoadedCode;
import dev.heddle.engine.Sandbox;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compiles modules in the test's own process, and short ways to run them. */
final class WasmWorkshop {
  static final Ticker TICKER = Ticker.system();

  /** With time for the compiler's process to start and to end on a busy machine. */
  static final WasmLimits LIMITS =
      WasmLimits.defaults()
          .withNodeMemory(DataSize.ofMiB(64))
          .withCompiler(WasmLimits.defaults().compilerHeap(), Duration.ofMinutes(4));

  static final SandboxLimits SMALL = new SandboxLimits(DataSize.ofMiB(1), DataSize.ofKiB(64));
  static final String LABEL = "fn@0123abcd";

  /** What scatter functions wrote. */
  final List<String> lines = new ArrayList<>();

  final MemoryBudget budget = new MemoryBudget(LIMITS.nodeMemory().bytes());

  /** What a deploy would do, without its process. */
  LoadedModule load(byte[] module) {
    var checked = ModuleReader.check(module, LIMITS);
    HostFunctions.check(checked);
    var kind = GuestExports.of(checked, Optional.empty()).kind();
    try {
      var compiled = CompilerProcess.compile(module, kind).encode();
      var layout = ModuleReader.layout(module, LIMITS);
      return new LoadedModule(
          LABEL,
          LIMITS,
          budget,
          TICKER,
          layout,
          GuestExports.of(layout, Optional.of(kind)),
          CompiledModule.decode(compiled, LIMITS.maxCompiled()));
    } catch (java.io.IOException | ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  Sandbox sandbox(byte[] module) {
    return load(module).newSandbox(SMALL);
  }

  String invoke(byte[] module, String event) {
    return invoke(sandbox(module), event, new FakeCall());
  }

  static String invoke(Sandbox sandbox, String event, FakeCall call) {
    var reply = sandbox.invoke(event.getBytes(StandardCharsets.UTF_8), call.call());
    return new String(reply, StandardCharsets.UTF_8);
  }

  /** The event comes to this failure. */
  HeddleException fails(ErrorCode code, byte[] module) {
    return fails(code, sandbox(module), new FakeCall());
  }

  static HeddleException fails(ErrorCode code, Sandbox sandbox, FakeCall call) {
    var thrown = assertThrows(HeddleException.class, () -> invoke(sandbox, "{}", call));
    assertEquals(code, thrown.code(), thrown::toString);
    return thrown;
  }

  static HeddleException refused(byte[] module) {
    var thrown =
        assertThrows(
            HeddleException.class,
            () -> {
              var layout = ModuleReader.check(module, LIMITS);
              GuestExports.of(layout, Optional.empty());
              HostFunctions.check(layout);
            });
    assertEquals(ErrorCode.INVALID_FUNCTION, thrown.code(), thrown::toString);
    return thrown;
  }

  LoadedCode.ScatterInstance scatter(byte[] module) {
    var instance = load(module).newScatterInstance(SMALL, lines::add);
    instance.sandbox().init();
    return instance;
  }

  static Call call(FakeCall fake) {
    return new Call(fake, fake, Deadline.after(Duration.ofMinutes(1), TICKER));
  }

  static FunctionKind kind(byte[] module) {
    return GuestExports.of(ModuleReader.check(module, LIMITS), Optional.empty()).kind();
  }
}
