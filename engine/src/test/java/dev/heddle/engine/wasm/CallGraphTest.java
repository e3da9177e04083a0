package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which imports recursion cannot lead to, and how deep the stack is at them. */
final class CallGraphTest {
  private final ModuleBuilder module = ModuleBuilder.empty(1);
  private final int log = module.imported("heddle", "log", "ii", "");
  private final int other = module.imported("heddle", "log", "ii", "");

  private static Code logs(int function) {
    return new Code().i32(0).i32(0).call(function);
  }

  private StackNeed need() {
    return ModuleReader.check(module.build(), WasmWorkshop.LIMITS).stack();
  }

  @Test
  void aChainOfCallsIsAsDeepAsItsFrames() {
    int last = module.function("", "", logs(log));
    int one = need().bytes();
    assertEquals(Set.of(log, other), need().imports());
    int middle = module.function("", "", new Code().call(last).call(last));
    module.function("", "", new Code().call(middle));
    assertTrue(need().bytes() > 2 * one && need().bytes() < 4 * one, need()::toString);
  }

  @Test
  void whatAFunctionThatCallsItselfReachesMayBeAnywhere() {
    int reached = module.function("", "", logs(log));
    int self = reached + 1;
    assertEquals(self, module.function("", "", new Code().call(reached).call(self)));
    module.function("", "", logs(other));
    assertEquals(Set.of(other), need().imports());
  }

  @Test
  void whatLeadsIntoRecursionIsNoRecursion() {
    int self = other + 1;
    module.function("", "", new Code().call(self));
    module.function("", "", logs(log).call(self));
    assertEquals(Set.of(log, other), need().imports());
  }

  @Test
  void functionsThatCallEachOtherRecurse() {
    int first = other + 1;
    module.function("", "", logs(log).call(first + 1));
    module.function("", "", new Code().call(first));
    assertEquals(Set.of(other), need().imports());
  }

  @Test
  void aCallThroughATableMayReachEveryFunctionOfItsTypeThatATableMayHold() {
    int type = module.type("", "");
    int through = module.function("", "", logs(log).i32(0).callIndirect(type));
    assertEquals(Set.of(log, other), need().imports());
    module.table(2, 2).elements(1, through);
    assertEquals(Set.of(other), need().imports());
  }

  /** The type's number is another one than that of the function in the table. */
  @Test
  void typesThatAreEqualAreOne() {
    int type = module.sameType("", "");
    int through = module.function("", "", logs(log).i32(0).callIndirect(type));
    module.table(2, 2).elements(1, through);
    assertEquals(Set.of(other), need().imports());
  }

  /** Compiled code finds it in a method of its own, with the same parameters. */
  @Test
  void aCallThroughATableTakesAFrameMore() {
    var parameters = "l".repeat(50);
    int reached = module.function(parameters, "", logs(log));
    var arguments = new Code();
    for (int i = 0; i < 50; i++) {
      arguments.i64(0);
    }
    int type = module.type(parameters, "");
    module.table(1, 1).elements(0, reached);
    module.function("", "", arguments.call(reached));
    int direct = need().bytes();
    module.function("", "", arguments.i32(0).callIndirect(type));
    assertTrue(need().bytes() >= direct + 50 * 16, () -> need() + " after " + direct);
  }

  @Test
  void oneOfAnotherTypeIsNotReachedThroughATable() {
    int type = module.type("i", "");
    int through = module.function("", "", logs(log).i32(0).i32(0).callIndirect(type));
    module.table(2, 2).elements(1, through);
    assertEquals(Set.of(log, other), need().imports());
  }

  @Test
  void aReferenceThatCodeTakesCountsAsOneInATable() {
    int type = module.type("", "");
    int through = other + 1;
    module.table(2, 2);
    module.function("", "", logs(log).i32(0).callIndirect(type));
    assertEquals(Set.of(log, other), need().imports());
    // i32.const 0, ref.func, table.set 0
    module.function("", "", new Code().i32(0).op(0xD2).u32(through).op(0x26).u32(0));
    assertEquals(Set.of(other), need().imports());
  }

  @Test
  void anImportInATableIsReachedThroughIt() {
    int type = module.type("ii", "");
    int self = other + 1;
    var code = new Code().i32(0).i32(0).i32(0).callIndirect(type).call(self);
    module.function("", "", code);
    module.table(1, 1).elements(0, log);
    assertEquals(Set.of(other), need().imports());
  }

  @Test
  void frameAfterFrameIsTooMuchInTheEnd() {
    int previous = module.function("", "", logs(log));
    var long100 = "l".repeat(100);
    for (int i = 0; i < 200; i++) {
      previous = module.function("", "", long100, new Code().call(previous));
    }
    assertEquals(Set.of(other), need().imports());
  }

  @Test
  void itIsShippedWithTheCompiledCode() throws IOException {
    int last = module.function("", "", logs(log));
    int self = last + 1;
    module.function("", "", logs(other).call(self));
    var bytes = module.alloc().handle(logs(log).reply(0, 0)).build();
    var compiled = CompilerProcess.compile(bytes, WasmWorkshop.kind(bytes));
    var decoded = CompiledModule.decode(compiled.encode(), DataSize.ofMiB(1));
    assertEquals(Set.of(log), decoded.stack().imports());
    assertTrue(decoded.stack().bytes() > 0, decoded::toString);
    assertEquals(compiled.stack(), decoded.stack());
  }

  /** At each depth it calls its host, by way of a function that does not recurse itself. */
  @Test
  void recursionThroughATableThatCallsItsHostIsTheModulesOwnTrap() {
    int type = module.type("", "");
    int reached = module.function("", "", logs(log));
    int self = module.function("", "", new Code().call(reached).i32(0).callIndirect(type));
    module.alloc().table(1, 1).elements(0, self);
    module.handle(logs(other).call(self).reply(0, 0));
    var workshop = new WasmWorkshop();
    var why = workshop.fails(ErrorCode.FUNCTION_FAILED, module.build());
    assertTrue(why.getMessage().contains("call stack exhausted"), why::getMessage);
    assertEquals("1", workshop.invoke(ModuleBuilder.echo(), "1"));
  }

  @Test
  void aLongChainHasTheStackThatItWasPromised() {
    int previous = module.function("", "", logs(log));
    for (int i = 0; i < 300; i++) {
      previous = module.function("", "", "llll", new Code().call(previous));
    }
    module.alloc().handle(new Code().call(previous).call(previous).reply(0, 0));
    var bytes = module.build();
    var need = ModuleReader.check(bytes, WasmWorkshop.LIMITS).stack();
    assertTrue(need.imports().contains(log) && need.bytes() > 64 << 10, need::toString);
    assertEquals("", new WasmWorkshop().invoke(bytes, "{}"));
  }
}
