package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.FunctionKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class WarmUpTest {
  /** What to do after a change to the compiler or the module: run this with the property set. */
  private static final String WRITE = "heddle.write-warm-up";

  @Test
  void theModuleThatComesWithTheCodeIsWhatTheCompilerMakesOfItsText() throws IOException {
    var module = WarmUp.resource(WarmUp.MODULE);
    var compiled = CompilerProcess.compile(module, FunctionKind.HANDLER).encode();
    if (Boolean.getBoolean(WRITE)) {
      Files.write(Path.of("src/main/resources/dev/heddle/engine/wasm", WarmUp.COMPILED), compiled);
    }
    assertArrayEquals(
        compiled,
        WarmUp.resource(WarmUp.COMPILED),
        "run this test with -D" + WRITE + "=true, and build again");
  }

  @Test
  void itRunsAndHoldsNothingAfterwards() throws IOException, ReflectiveOperationException {
    var runtime = new WasmRuntime(WasmWorkshop.LIMITS, WasmWorkshop.TICKER);
    assertEquals("\"ready\"", WarmUp.run(runtime));
    assertEquals(0, runtime.memoryTaken().bytes());
  }
}
