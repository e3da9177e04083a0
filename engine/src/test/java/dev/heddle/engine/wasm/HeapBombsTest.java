package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.WasmNode.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.Archive;
import dev.heddle.engine.ArchiveLimits;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.Platform;
import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What takes heap without being linear memory: it counts, and a neighbour is served. */
@Timeout(300)
final class HeapBombsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final DataSize MEMORY = DataSize.ofMiB(64);
  private static final WasmLimits SMALL = WasmLimits.defaults().withNodeMemory(DataSize.ofMiB(16));

  /** One byte of data in each of so many pages. */
  private static byte[] sparse(int pages) {
    var module = ModuleBuilder.empty(pages).alloc();
    for (int page = 0; page < pages; page++) {
      module.data(page << 16, new byte[] {1});
    }
    return module.handle(Code.packed(0, 1)).build();
  }

  @Test
  void dataThatTouchesManyPagesIsRefused() {
    try (var node = new WasmNode()) {
      var code = Archive.read(sparse(513), ArchiveLimits.DEFAULTS);
      var manifest = Manifest.parse("name: sparse\nruntime: wasm\nmemory: 64MiB\n");
      assertEquals(ErrorCode.INVALID_FUNCTION, failure(() -> node.wasm.check(code, manifest)));
    }
  }

  @Test
  void loadedModulesCountWithWhatTheirMemoryStartsWith() {
    try (var node = new WasmNode(Platform.NONE, SMALL, runtime -> runtime)) {
      var module = sparse(160);
      var first = node.deploy("default", "first", module, FunctionKind.HANDLER, MEMORY);
      var second = node.deploy("default", "second", module, FunctionKind.HANDLER, MEMORY);
      node.engine.load(first);
      assertEquals(ErrorCode.OVERLOADED, failure(() -> node.engine.load(second)));
      assertEquals("1", node.invoke(first, "1", PATIENCE));
      assertEquals("1", node.neighbour("1"));
      // It was unloaded: there is room for the other.
      node.engine.keepOnly(CatalogView.empty());
      node.engine.load(second);
      assertEquals("1", node.invoke(second, "1", PATIENCE));
    }
  }

  /** It asks the platform for {@code send} with its event, and lets a refusal through. */
  private static byte[] sends(Code first) {
    var module = ModuleBuilder.empty(40);
    int call = module.imported("heddle", "call", "iiii", "i");
    int fail = module.imported("heddle", "fail", "iii", "");
    module
        .alloc()
        .data(0, "send".getBytes(StandardCharsets.UTF_8))
        .data(16, "null".getBytes(StandardCharsets.UTF_8));
    var code = first.i32(0).i32(4).get(0).get(1).call(call);
    code.i32(0).op(0x48, 0x04, 0x40).i32(2).i32(0).i32(0).call(fail).op(0x0B);
    return module.handle(code.reply(16, 4)).build();
  }

  private static FunctionRef sender(WasmNode node, Code first) {
    return node.deploy("default", "sender", sends(first), FunctionKind.HANDLER, DataSize.ofMiB(4));
  }

  @Test
  void whatBecomesOfAnArgumentInTheHeapCounts() {
    var asked = new AtomicInteger();
    Platform platform =
        (operation, arguments, scope) -> {
          asked.incrementAndGet();
          return null;
        };
    try (var node = new WasmNode(platform, SMALL, runtime -> runtime)) {
      var sender = sender(node, new Code());
      String large = "{\"connection\":\"c\",\"message\":[" + "0,".repeat(500_000) + "0]}";
      assertEquals(ErrorCode.OVERLOADED, node.failure(sender, large, PATIENCE));
      assertEquals(0, asked.get());
      assertEquals("1", node.neighbour("1"));
      String small = "{\"connection\":\"c\",\"message\":[0]}";
      assertEquals("null", node.invoke(sender, small, PATIENCE));
      assertEquals(1, asked.get());
      assertEquals(0, node.wasm.memoryTaken().bytes());
    }
  }

  @Test
  void anInvocationThatWaitsKeepsTheMemoryThatItHolds() {
    var reserved = new AtomicLong();
    var seen = new WasmNode[1];
    Platform platform =
        (operation, arguments, scope) -> {
          reserved.set((long) seen[0].gauge("heddle.engine.sandboxes.bytes"));
          return null;
        };
    try (var node = new WasmNode(platform, WasmLimits.defaults(), runtime -> runtime)) {
      seen[0] = node;
      // Writes two of its four MiB before it waits.
      var sender = sender(node, new Code().i32(1 << 18).i32(1).i32(2 << 20).op(0xFC, 11, 0));
      String event = "{\"connection\":\"c\",\"message\":1}";
      assertEquals("null", node.invoke(sender, event, PATIENCE));
      assertTrue(
          reserved.get() >= 2 << 20 && reserved.get() < 4 << 20, () -> reserved.get() + " bytes");
    }
  }
}
