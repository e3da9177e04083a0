package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import run.endive.runtime.TableInstance;
import run.endive.wasm.types.Table;
import run.endive.wasm.types.TableLimits;
import run.endive.wasm.types.ValType;

/** Modules that want out, at run time; {@link HostileBinariesTest} has those that never get in. */
class HostileModulesTest {
  private static final byte[] ECHO = ModuleBuilder.echo();

  private final WasmWorkshop workshop = new WasmWorkshop();

  /** Whatever a module does, the node stays well and holds nothing of it. */
  private void neighboursAreServed() {
    assertEquals("\"hello\"", workshop.invoke(ECHO, "\"hello\""));
    assertEquals(0, workshop.budget.taken());
  }

  private static byte[] handler(Code code) {
    return ModuleBuilder.handler().handle(code).build();
  }

  private static byte[] withTable(Code code) {
    return ModuleBuilder.handler().table(2, 1_000_000).elements(0, 0).handle(code).build();
  }

  /** Attacks on memory and tables, each of which must end in a trap. */
  private static Map<String, byte[]> traps() {
    var traps = new LinkedHashMap<String, byte[]>();
    traps.put("reads past the end", handler(new Code().i32(65_536).memory(0x29)));
    traps.put("reads across the end", handler(new Code().i32(65_533).memory(0x29)));
    traps.put("reads at a negative address", handler(new Code().i32(-8).memory(0x29)));
    traps.put(
        "reads past the end by an offset",
        handler(new Code().i32(65_000).op(0x29).u32(0).u32(1_000)));
    traps.put(
        "reads past 2 GiB by an offset",
        handler(new Code().i32(0x7FFF_0000).op(0x29).u32(0).u32(0x7FFF_FFFF)));
    traps.put(
        "writes past the end", handler(new Code().i32(65_536).i64(1).memory(0x37).reply(0, 0)));
    traps.put(
        "writes across the end", handler(new Code().i32(65_530).i64(1).memory(0x37).reply(0, 0)));
    traps.put(
        "writes bytes at a negative address",
        handler(new Code().i32(-1).i32(1).memory(0x3A).reply(0, 0)));
    traps.put(
        "fills past the end",
        handler(new Code().i32(65_000).i32(1).i32(1_000).op(0xFC, 11, 0).reply(0, 0)));
    traps.put(
        "fills a negative length",
        handler(new Code().i32(0).i32(1).i32(-1).op(0xFC, 11, 0).reply(0, 0)));
    traps.put(
        "copies from past the end",
        handler(new Code().i32(0).i32(65_000).i32(1_000).op(0xFC, 10, 0, 0).reply(0, 0)));
    traps.put(
        "copies to past the end",
        handler(new Code().i32(65_000).i32(0).i32(1_000).op(0xFC, 10, 0, 0).reply(0, 0)));
    traps.put(
        "copies a negative length",
        handler(new Code().i32(8).i32(0).i32(-4).op(0xFC, 10, 0, 0).reply(0, 0)));
    traps.put(
        "takes more from a segment than it holds",
        ModuleBuilder.handler()
            .passiveData(new byte[] {1, 2})
            .handle(new Code().i32(0).i32(0).i32(3).op(0xFC, 8, 0, 0).reply(0, 0))
            .build());
    traps.put(
        "takes from a segment that it dropped",
        ModuleBuilder.handler()
            .passiveData(new byte[] {1, 2})
            .handle(new Code().op(0xFC, 9, 0).i32(0).i32(0).i32(1).op(0xFC, 8, 0, 0).reply(0, 0))
            .build());
    traps.put(
        "calls past the table's end",
        withTable(new Code().i32(0).i32(2).callIndirect(0).drop().reply(0, 0)));
    traps.put(
        "calls a negative entry of the table",
        withTable(new Code().i32(0).i32(-1).callIndirect(0).drop().reply(0, 0)));
    traps.put(
        "calls an empty entry of the table",
        withTable(new Code().i32(0).i32(1).callIndirect(0).drop().reply(0, 0)));
    traps.put(
        "calls a function by another type",
        withTable(new Code().i32(0).i32(0).i32(0).callIndirect(1)));
    traps.put("recurses for ever", handler(new Code().get(0).get(1).call(1)));
    traps.put(
        "recurses for ever through a table",
        ModuleBuilder.handler()
            .table(2, 2)
            .elements(0, 1)
            .handle(new Code().get(0).get(1).i32(0).callIndirect(1))
            .build());
    traps.put("divides by zero", handler(new Code().i64(1).i64(0).op(0x7F)));
    traps.put(
        "divides the smallest number by -1",
        handler(new Code().i64(Long.MIN_VALUE).i64(-1).op(0x7F)));
    traps.put("makes a number of NaN", handler(new Code().f64(Double.NaN).op(0xB0)));
    traps.put("runs into unreachable", handler(new Code().op(0x00)));
    traps.put("returns what lies past its memory", handler(new Code().reply(65_000, 1_000)));
    traps.put("returns 4 GiB", handler(new Code().reply(0, 0xFFFF_FFFFL)));
    traps.put("returns from a negative address", handler(new Code().reply(0xFFFF_FFF0L, 8)));
    return traps;
  }

  @TestFactory
  Stream<DynamicTest> itTraps() {
    return traps().entrySet().stream()
        .map(attack ->
            DynamicTest.dynamicTest(
                attack.getKey(),
                () -> {
                  var why = workshop.fails(ErrorCode.FUNCTION_FAILED, attack.getValue());
                  assertTrue(
                      why.getMessage().startsWith("function fn@0123abcd: handle failed: "),
                      why::getMessage);
                  neighboursAreServed();
                }));
  }

  @Test
  void anAllocatorThatAnswersOutsideMemoryIsTheModulesFault() {
    for (int address : new int[] {-1, 65_535, 1 << 20}) {
      var module = ModuleBuilder.empty(1);
      module.export("heddle_alloc", module.function("i", "i", new Code().i32(address)));
      module.handle(new Code().reply(0, 0));
      workshop.fails(ErrorCode.FUNCTION_FAILED, module.build());
    }
    neighboursAreServed();
  }

  @Test
  void memoryGrowsToItsCapAndNoFurther() {
    // Grows by a page until it hears -1; replies with as many zero bytes as it has pages.
    var module =
        handler(
            new Code()
                .op(0x03, 0x40)
                .i32(1)
                .op(0x40, 0)
                .i32(-1)
                .op(0x47)
                .op(0x0D)
                .u32(0)
                .op(0x0B)
                .i64(0)
                .op(0x3F, 0)
                .op(0xAD)
                .op(0x84));
    assertEquals(16, workshop.invoke(module, "{}").length());
    neighboursAreServed();
  }

  @Test
  void aModuleThatTrapsForWantOfMemoryIsToldSo() {
    var module = handler(new Code().i32(10_000).op(0x40, 0).drop().op(0x00));
    var why = workshop.fails(ErrorCode.FUNCTION_MEMORY_EXCEEDED, module);
    assertTrue(why.getMessage().contains("at most 1MiB"), why::getMessage);
  }

  @Test
  void allModulesTogetherTakeNoMoreThanTheNodeGives() {
    var small = new MemoryBudget(3 * 65_536);
    var pages = new byte[8][];
    Arrays.fill(pages, MemoryImage.ZERO_PAGE);
    var loaded = workshop.load(ECHO);
    try (var guest = new Guest(loaded, WasmWorkshop.SMALL.memory(), null, line -> {})) {
      var memory = new GuestMemory(pages, 8, 0, new LayoutHabit(), small, guest);
      for (int i = 0; i < 3; i++) {
        memory.writeI32((i << 16) + 8, 1);
      }
      var thrown = assertThrows(HeddleException.class, () -> memory.writeI32(3 << 16, 1));
      assertEquals(ErrorCode.OVERLOADED, thrown.code());
      memory.release();
      assertEquals(0, small.taken());
    }
  }

  @Test
  void tablesGrowToTheirLimitAndNoFurther() {
    // table.grow by 200,000 answers -1: then the reply has 4 bytes, else none.
    var module =
        withTable(new Code().op(0xD0, 0x70).i32(200_000).op(0xFC, 15, 0).i32(-1).op(0x46).op(0xAD));
    assertEquals(1, workshop.invoke(module, "{}").length());
    neighboursAreServed();
  }

  @Test
  void whatOneInvocationLeavesTheNextDoesNotFind() {
    // Replies with 1 byte for each of: a global, memory, a table and a segment found changed.
    var module =
        ModuleBuilder.handler()
            .global(0)
            .table(1, 100)
            .passiveData(new byte[] {7})
            .handle(
                new Code()
                    .i64(0)
                    .op(0x23)
                    .u32(1)
                    .i32(8)
                    .memory(0x28)
                    .op(0x6A)
                    .op(0xFC, 16, 0)
                    .op(0x6A)
                    .op(0x3F, 0)
                    .op(0x6A)
                    .i32(2)
                    .op(0x6B)
                    .op(0xAD)
                    .op(0x84)
                    .i32(1)
                    .op(0x24)
                    .u32(1)
                    .i32(8)
                    .i32(1)
                    .memory(0x36)
                    .op(0xD0, 0x70)
                    .i32(5)
                    .op(0xFC, 15, 0)
                    .drop()
                    .i32(1)
                    .op(0x40, 0)
                    .drop()
                    .i32(16)
                    .i32(0)
                    .i32(1)
                    .op(0xFC, 8, 0, 0)
                    .op(0xFC, 9, 0))
            .build();
    var loaded = workshop.load(module);
    var sandbox = loaded.newSandbox(WasmWorkshop.SMALL);
    for (int i = 0; i < 3; i++) {
      assertEquals("", WasmWorkshop.invoke(sandbox, "", new FakeCall()));
    }
    // The defence is the fresh instance: without it, the same module finds what it left.
    try (var guest = new Guest(loaded, WasmWorkshop.SMALL.memory(), null, line -> {})) {
      assertEquals(0, guest.call("handle", loaded.exports().handle(), 0, 0));
      var _ =
          assertThrows(
              GuestException.class, () -> guest.call("handle", loaded.exports().handle(), 0, 0));
    }
    neighboursAreServed();
  }

  @Test
  @SuppressWarnings("NullAway") // References to functions of no instance.
  void endivesOwnTableWouldHandItsGrowthToTheNextInstance() {
    var limits = new TableLimits(1, 100);
    var declared = new Table(ValType.FuncRef, limits);
    var first = new TableInstance(declared, GuestTable.NONE);
    first.grow(5, GuestTable.NONE, null);
    assertEquals(6, new TableInstance(declared, GuestTable.NONE).size());
    var ours = new GuestTable(new int[1], 100);
    ours.grow(5, GuestTable.NONE, null);
    assertEquals(1, new GuestTable(new int[1], 100).size());
  }

  @Test
  void aReplyOverTheLimitIsRefusedWithItsSize() {
    var module = ModuleBuilder.empty(4).alloc().handle(new Code().reply(0, 100_000)).build();
    var why = workshop.fails(ErrorCode.FUNCTION_RESULT_TOO_LARGE, module);
    assertTrue(why.getMessage().contains("100000 bytes"), why::getMessage);
    neighboursAreServed();
  }
}
