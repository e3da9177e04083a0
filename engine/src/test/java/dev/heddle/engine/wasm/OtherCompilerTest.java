package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.FunctionKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class OtherCompilerTest {
  @Test
  void codeThatAnEarlierCompilerMadeIsCompiledAnew() {
    var module = ModuleBuilder.echo();
    var archive = CompilerProcess.compile(module, FunctionKind.HANDLER).encode();
    var text = new String(archive, StandardCharsets.ISO_8859_1);
    var other = CompiledModule.COMPILER.replace('1', '0');
    var earlier =
        text.replace(CompiledModule.COMPILER, other).getBytes(StandardCharsets.ISO_8859_1);
    try (var node = new WasmNode()) {
      var function = node.deploy("default", "old", module, earlier, WasmNode.MEMORY);
      assertEquals("[7]", node.invoke(function, "[7]", Duration.ofSeconds(50)));
    }
  }
}
