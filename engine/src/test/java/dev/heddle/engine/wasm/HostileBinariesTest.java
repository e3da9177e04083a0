package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Modules that a deploy refuses: malformed, too large, or made to hurt whoever reads them. */
class HostileBinariesTest {
  private static final long SEED = 7;

  private static byte[] handler(Code code) {
    return ModuleBuilder.handler().handle(code).build();
  }

  private static byte[] sections(Code... sections) {
    var module = new Code().raw(new byte[] {0, 'a', 's', 'm', 1, 0, 0, 0});
    for (var section : sections) {
      module.raw(section.bytes());
    }
    return module.bytes();
  }

  private static Code section(int id, Code content) {
    return new Code().section(id, content.bytes());
  }

  private static byte[] importing(String module, String name, String parameters, String results) {
    var builder = ModuleBuilder.empty(1);
    builder.imported(module, name, parameters, results);
    return builder.alloc().handle(new Code().reply(0, 0)).build();
  }

  private static Map<String, byte[]> malformed() {
    var bad = new LinkedHashMap<String, byte[]>();
    bad.put("nothing", new byte[0]);
    bad.put("another format", "PK\3\4 and so on".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    bad.put("another version", new byte[] {0, 'a', 's', 'm', 2, 0, 0, 0});
    bad.put("a section cut off", sections(new Code().op(1).u32(100).op(0)));
    bad.put("a section of 4 GiB", sections(new Code().op(1).u32(0xFFFF_FFFFL)));
    bad.put("a size that never ends", sections(new Code().op(1, 0x80, 0x80, 0x80, 0x80, 0x80, 1)));
    bad.put("an unknown section", sections(section(13, new Code().u32(0))));
    bad.put(
        "sections out of order",
        sections(section(3, new Code().u32(0)), section(1, new Code().u32(0))));
    bad.put(
        "a section twice", sections(section(1, new Code().u32(0)), section(1, new Code().u32(0))));
    bad.put("bytes left over in a section", sections(section(1, new Code().u32(0).op(1, 2, 3))));
    bad.put("a custom section without a name", sections(section(0, new Code().u32(50))));
    bad.put("a billion types", sections(section(1, new Code().u32(1_000_000_000))));
    bad.put(
        "a type of a billion parameters",
        sections(section(1, new Code().u32(1).op(0x60).u32(1_000_000_000))));
    bad.put("a type that is a struct", sections(section(1, new Code().u32(1).op(0x5F, 0))));
    bad.put(
        "a billion functions",
        sections(
            section(1, new Code().u32(1).op(0x60, 0, 0)),
            section(3, new Code().u32(1_000_000_000))));
    bad.put(
        "functions without bodies",
        sections(
            section(1, new Code().u32(1).op(0x60, 0, 0)),
            section(3, new Code().u32(1).u32(0)),
            section(5, new Code().u32(1).op(0, 1)),
            section(7, new Code().u32(1).name("memory").op(2, 0))));
    bad.put("a table of four billion entries", ModuleBuilder.handler().table(-1, -1).build());
    bad.put("a memory of 4 GiB", sections(section(5, new Code().u32(1).op(0).u32(65_536))));
    bad.put("a shared memory", sections(section(5, new Code().u32(1).op(3, 1, 1))));
    bad.put("a memory of 64 bits", sections(section(5, new Code().u32(1).op(4, 1))));
    bad.put("two memories", sections(section(5, new Code().u32(2).op(0, 1, 0, 1))));
    bad.put("no memory", sections(section(1, new Code().u32(0))));
    bad.put("a memory that is not exported", sections(section(5, new Code().u32(1).op(0, 1))));
    bad.put(
        "a name that is no UTF-8", sections(section(7, new Code().u32(1).u32(1).op(0xFF, 0, 0))));
    bad.put(
        "an export of a function that is not there",
        ModuleBuilder.handler().export("f", 9).build());
    bad.put("an export twice", ModuleBuilder.handler().export("f", 0).export("f", 0).build());
    bad.put("a start function that is not there", ModuleBuilder.handler().start(9).build());
    bad.put(
        "data past its memory", ModuleBuilder.handler().data(65_535, new byte[] {1, 2}).build());
    bad.put("data at a negative address", ModuleBuilder.handler().data(-1, new byte[2]).build());
    bad.put("elements past the table", ModuleBuilder.handler().table(1, 1).elements(1, 0).build());
    bad.put("elements without a table", ModuleBuilder.handler().elements(0, 0).build());
    bad.put(
        "elements that are not there", ModuleBuilder.handler().table(1, 1).elements(0, 99).build());
    bad.put("neither handler nor scatter function", ModuleBuilder.handler().build());
    var wrong = ModuleBuilder.handler();
    wrong.export("heddle_handle", wrong.function("i", "i", new Code().get(0)));
    bad.put("a handler of another type", wrong.build());
    return bad;
  }

  private static Map<String, byte[]> forbidden() {
    var bad = new LinkedHashMap<String, byte[]>();
    bad.put("imports a file system", importing("wasi_snapshot_preview1", "path_open", "i", "i"));
    bad.put("imports a socket", importing("wasi_snapshot_preview1", "sock_send", "i", "i"));
    bad.put("imports what there is not", importing("heddle", "shutdown", "", ""));
    bad.put("imports by another type", importing("heddle", "reply", "l", ""));
    bad.put("imports from the JVM", importing("java.lang.Runtime", "exec", "i", "i"));
    bad.put(
        "imports a memory",
        sections(section(2, new Code().u32(1).name("heddle").name("m").op(2, 0, 1))));
    bad.put(
        "imports a global",
        sections(section(2, new Code().u32(1).name("heddle").name("g").op(3, 0x7F, 1))));
    bad.put("uses vectors", handler(new Code().op(0xFD).u32(12).raw(new byte[16])));
    bad.put("waits for other threads", handler(new Code().op(0xFE, 1, 0, 0)));
    bad.put("throws exceptions", handler(new Code().op(0x08, 0)));
    bad.put("catches exceptions", handler(new Code().op(0x1F, 0x40, 0, 0x0B)));
    bad.put("makes tail calls", handler(new Code().op(0x12, 0)));
    bad.put("makes objects", handler(new Code().op(0xFB, 0, 0)));
    bad.put("calls what is not there", handler(new Code().call(99)));
    bad.put("calls by a type that is not there", handler(new Code().callIndirect(99)));
    bad.put("addresses past 2 GiB", handler(new Code().i32(0).op(0x28).u32(0).u32(0xFFFF_FFF0L)));
    bad.put("nests 100,000 blocks", handler(nested(100_000)));
    bad.put("branches to a million places", handler(new Code().op(0x0E).u32(1_000_000)));
    bad.put("leaves a block open", handler(new Code().op(0x02, 0x40)));
    bad.put("goes on after its end", handler(new Code().op(0x0B, 0x0B)));
    bad.put("a function of 300 KB", handler(new Code().raw(new byte[300_000])));
    bad.put("a billion locals", locals(1_000_000_000));
    bad.put("four billion and some locals", locals(-1));
    bad.put("17 MiB", Arrays.copyOf(handler(new Code().reply(0, 0)), 17 << 20));
    return bad;
  }

  private static Code nested(int depth) {
    var code = new Code();
    for (int i = 0; i < depth; i++) {
      code.op(0x02, 0x40);
    }
    return code;
  }

  private static byte[] locals(int count) {
    var module = ModuleBuilder.handler();
    module.entry(3, new Code().u32(0).bytes());
    var body = new Code().u32(2).u32(1).value('i').u32(count).value('l').op(0x00, 0x0B).bytes();
    module.entry(10, new Code().u32(body.length).raw(body).bytes());
    return module.build();
  }

  @TestFactory
  Stream<DynamicTest> aDeployRefuses() {
    return Stream.concat(malformed().entrySet().stream(), forbidden().entrySet().stream())
        .map(attack ->
            DynamicTest.dynamicTest(
                attack.getKey(), () -> WasmWorkshop.refused(attack.getValue())));
  }

  @Test
  void whateverIsChangedInAModuleItIsReadOrRefused() {
    System.out.println("seed " + SEED);
    var random = new Random(SEED);
    var good = ModuleBuilder.echo();
    for (int i = 0; i < 20_000; i++) {
      var bytes = good.clone();
      for (int change = random.nextInt(4); change >= 0; change--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(10) == 0 ? random.nextInt(bytes.length) : bytes.length;
      try {
        var layout = ModuleReader.check(Arrays.copyOf(bytes, length), WasmWorkshop.LIMITS);
        assertTrue(layout.shell().length > 0);
      } catch (HeddleException e) {
        assertEquals(ErrorCode.INVALID_FUNCTION, e.code());
      }
    }
  }

  private static HeddleException notCompiled(byte[] module, WasmLimits limits) {
    var _ = ModuleReader.check(module, WasmWorkshop.LIMITS);
    var thrown =
        assertThrows(
            HeddleException.class,
            () -> new ModuleCompiler(limits).compile(module, FunctionKind.HANDLER));
    assertEquals(ErrorCode.INVALID_FUNCTION, thrown.code(), thrown::toString);
    return thrown;
  }

  @Test
  void whatDoesNotTypeCheckIsRefusedByTheCompiler() {
    var limits = WasmWorkshop.LIMITS;
    for (var code :
        new Code[] {
          new Code().i32(0),
          new Code().op(0x6A).reply(0, 0),
          new Code().get(77).drop().reply(0, 0),
          new Code().i32(0).op(0x24).u32(77).reply(0, 0)
        }) {
      var why = notCompiled(handler(code), limits);
      assertTrue(
          why.getMessage().endsWith("(expected: a valid module that the JVM can run compiled)"));
    }
  }

  @Test
  void aFunctionTooLargeForTheJvmIsRefusedAndNeverInterpreted() {
    var code = new Code().i64(0);
    for (int i = 0; i < 20_000; i++) {
      code.i64(i).op(0x7C);
    }
    var why = notCompiled(handler(code), WasmWorkshop.LIMITS);
    assertTrue(why.getMessage().contains("size"), why::getMessage);
  }

  /** As many functions as many types allow, each called through a table by each type. */
  static byte[] bomb() {
    var module = ModuleBuilder.empty(1).alloc().table(1, 1);
    int type = module.type("i", "i");
    var _ = module.type("ii", "l");
    for (int i = 0; i < 1_900; i++) {
      module.entry(1, new Code().op(0x60, 1, 0x7F, 1, 0x7F).bytes());
    }
    for (int i = 0; i < 4_000; i++) {
      module.function("i", "i", new Code().get(0).i32(0).callIndirect(type));
    }
    return module.handle(new Code().reply(0, 0)).build();
  }

  @Test
  void aBombInTheCompilerHurtsItsOwnProcessOnly() {
    var small = WasmWorkshop.LIMITS.withCompiler(DataSize.ofMiB(24), Duration.ofMinutes(4));
    var memory = notCompiled(bomb(), small);
    assertTrue(memory.getMessage().contains("24MiB"), memory::getMessage);
    var quick = WasmWorkshop.LIMITS.withCompiler(DataSize.ofMiB(256), Duration.ofMillis(20));
    var time = notCompiled(bomb(), quick);
    assertTrue(time.getMessage().contains("not done within"), time::getMessage);
    assertEquals("1", new WasmWorkshop().invoke(ModuleBuilder.echo(), "1"));
  }

  @Test
  void aModuleCompilesToTheSameBytesWhoeverCompilesIt() {
    var module = ModuleBuilder.echo();
    var compiler = new ModuleCompiler(WasmWorkshop.LIMITS);
    var bytes = compiler.compile(module, FunctionKind.HANDLER);
    assertTrue(Arrays.equals(bytes, compiler.compile(module, FunctionKind.HANDLER)));
  }
}
