package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.Call;
import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

class HostFunctionsTest {
  private static final int[] BAD = {
    -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 65_530, 65_536, 1 << 20, 8, 0
  };

  private final WasmWorkshop workshop = new WasmWorkshop();

  private static Shard shard() {
    return InMemoryShard.builder("d", 3)
        .field("title", Shard.FieldKind.TEXT)
        .field("n", Shard.FieldKind.LONG)
        .document("a", Map.of("title", "moby dick", "n", 7L))
        .document("b", Map.of("title", "moby", "n", 9L))
        .build();
  }

  private static ScatterRequest request() {
    return new ScatterRequest(
        new Query.All(),
        10,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        1000,
        JsonObject.of(Map.of()));
  }

  /** A scatter module whose leaf calls one host function with the same number for everything. */
  private static byte[] calling(String signature, int value) {
    int dot = signature.indexOf('.');
    int open = signature.indexOf('(');
    var parameters = signature.substring(open + 1, signature.indexOf(')'));
    var results = signature.substring(signature.indexOf(')') + 1);
    var module = ModuleBuilder.empty(1);
    int host =
        module.imported(
            signature.substring(0, dot), signature.substring(dot + 1, open), parameters, results);
    module.alloc();
    var code = new Code();
    for (int i = 0; i < parameters.length(); i++) {
      char letter = parameters.charAt(i);
      if (letter == 'l') {
        code.i64(value);
      } else {
        code.i32(value);
      }
    }
    code.call(host);
    if (!results.isEmpty()) {
      code.drop();
    }
    return scatter(module, code.reply(0, 0));
  }

  private static byte[] scatter(ModuleBuilder module, Code leaf) {
    module.export("heddle_prepare", module.function("ii", "i", new Code().i32(0)));
    module.export("heddle_leaf", module.function("i", "l", leaf));
    module.export("heddle_merge", module.function("iiii", "l", new Code().reply(0, 0)));
    module.export("heddle_finish", module.function("iiii", "l", new Code().reply(0, 0)));
    return module.build();
  }

  /**
   * Every host function there is, with every bad number: it is refused, and nothing else happens.
   */
  @TestFactory
  Stream<DynamicTest> badArgumentsNeverEscape() {
    return HostFunctions.names().stream()
        .map(signature ->
            DynamicTest.dynamicTest(
                signature,
                () -> {
                  for (int value : BAD) {
                    attack(signature, value);
                  }
                }));
  }

  private void attack(String signature, int value) {
    var instance = workshop.scatter(calling(signature, value));
    try {
      var query = instance.function().prepare(request());
      var _ = instance.function().leaf(query, shard());
    } catch (GuestException | GuestExit | BadRequestException | HeddleException expected) {
      assertTrue(!expected.toString().isEmpty());
    } catch (Exception other) {
      throw new AssertionError(signature + " with " + value, other);
    } finally {
      instance.sandbox().destroy();
    }
    assertEquals(0, workshop.budget.taken());
  }

  @Test
  void aHandleOfAShardEndsWithItsInstance() throws Exception {
    var module = ModuleBuilder.empty(1);
    int number = module.imported("heddle", "shard_number", "i", "i");
    module.alloc();
    var bytes = scatter(module, new Code().get(0).call(number).drop().reply(0, 0));
    var first = workshop.scatter(bytes);
    var query = first.function().prepare(request());
    var _ = first.function().leaf(query, shard());
    var guessing = ModuleBuilder.empty(1);
    int other = guessing.imported("heddle", "shard_number", "i", "i");
    guessing.alloc();
    // A shard of another instance, of another tenant or dataset, has no number here.
    var guess =
        workshop.scatter(scatter(guessing, new Code().i32(1).call(other).drop().reply(0, 0)));
    var prepared = guess.function().prepare(request());
    var _ = assertThrows(GuestException.class, () -> guess.function().leaf(prepared, shard()));
  }

  @Test
  void aHandlerHasNoShards() {
    var module = ModuleBuilder.empty(1);
    int number = module.imported("heddle", "shard_number", "i", "i");
    module.alloc().handle(new Code().i32(0).call(number).drop().reply(0, 0));
    workshop.fails(ErrorCode.FUNCTION_FAILED, module.build());
  }

  /**
   * A handler that asks the platform for what stands at 0 (4 bytes) and replies with the answer.
   */
  private static byte[] asking(Code after) {
    var module = ModuleBuilder.empty(1);
    int call = module.imported("heddle", "call", "iiii", "i");
    int reply = module.imported("heddle", "reply", "i", "");
    int length = module.imported("heddle", "reply_length", "", "i");
    int fail = module.imported("heddle", "fail", "iii", "");
    assertEquals(List.of(0, 1, 2, 3), List.of(call, reply, length, fail));
    module.alloc().data(0, "send".getBytes(StandardCharsets.UTF_8));
    var code = new Code().i32(0).i32(4).get(0).get(1).call(call).set(2).raw(after.bytes());
    code.call(length).set(3).i32(4_096).call(reply).i32(4_096).set(4).locals(4, 3);
    return module.handle("iii", code).build();
  }

  @Test
  void aModuleAsksThePlatformAndGetsItsAnswer() {
    var fake = new FakeCall();
    fake.platform = operation -> "\"done\"".getBytes(StandardCharsets.UTF_8);
    var sandbox = workshop.sandbox(asking(new Code()));
    assertEquals("\"done\"", WasmWorkshop.invoke(sandbox, "{\"a\":1}", fake));
    assertEquals(List.of("send {\"a\":1}"), fake.operations);
  }

  @Test
  void aRefusalOfThePlatformIsAnAnswerToTheModule() {
    var sandbox = workshop.sandbox(asking(new Code()));
    var reply = WasmWorkshop.invoke(sandbox, "{}", new FakeCall());
    assertTrue(
        reply.startsWith("{\"code\":1025,\"name\":\"NOT_OFFERED\",\"kind\":\"USER\""), reply);
  }

  @Test
  void aModuleMayPassOnARefusalAsItWas() {
    var passing = new Code().i32(2).i32(0).i32(0).call(3);
    var why =
        WasmWorkshop.fails(
            ErrorCode.NOT_OFFERED, workshop.sandbox(asking(passing)), new FakeCall());
    assertTrue(why.getMessage().startsWith("send: not here"), why::getMessage);
  }

  @Test
  void aModuleRejectsABadRequestInItsOwnWords() {
    var rejecting = new Code().i32(0).i32(0).i32(4).call(3);
    var why =
        WasmWorkshop.fails(
            ErrorCode.FUNCTION_REJECTED, workshop.sandbox(asking(rejecting)), new FakeCall());
    assertEquals("send", why.getMessage());
  }

  @Test
  void nestedCallsAreThePlatformsToBound() {
    // A fork of work: it invokes for ever; the platform says no, and the module is told.
    var module = ModuleBuilder.empty(1);
    int call = module.imported("heddle", "call", "iiii", "i");
    module.alloc().data(0, "invoke{}".getBytes(StandardCharsets.UTF_8));
    var loop = new Code().op(0x03, 0x40).i32(0).i32(6).i32(6).i32(2).call(call);
    loop.i32(0).op(0x4E).op(0x0D).u32(0).op(0x0B).reply(0, 0);
    var fake = new FakeCall();
    fake.platform =
        operation -> {
          if (fake.operations.size() > 100) {
            throw new HeddleException(ErrorCode.LIMIT_REACHED, "invoke: too many");
          }
          return new byte[0];
        };
    assertEquals(
        "", WasmWorkshop.invoke(workshop.sandbox(module.handle(loop).build()), "{}", fake));
    assertEquals(101, fake.operations.size());
  }

  @Test
  void linesAreCutAndGoToTheLog() {
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc().handle(new Code().i32(0).i32(60_000).call(log).reply(0, 0));
    var fake = new FakeCall();
    assertEquals("", WasmWorkshop.invoke(workshop.sandbox(module.build()), "", fake));
    assertEquals(8_192, fake.lines.getFirst().length());
  }

  /** Runs on a thread of its own until it logs a line, and is then interrupted. */
  private static HeddleException interrupted(
      WasmWorkshop workshop, byte[] module, ErrorCode expected) throws Exception {
    var sandbox = workshop.sandbox(module);
    var fake = new FakeCall();
    var running = new CountDownLatch(1);
    fake.onLine = line -> running.countDown();
    var outcome = new HeddleException[1];
    var thread =
        Thread.ofPlatform().start(() -> outcome[0] = WasmWorkshop.fails(expected, sandbox, fake));
    running.await();
    sandbox.interrupt();
    thread.join();
    return outcome[0];
  }

  @Test
  void runawayCodeIsStopped() throws Exception {
    for (var body :
        List.of(
            new Code().forever().reply(0, 0),
            // Fills memory for ever, one instruction at a time.
            new Code()
                .op(0x03, 0x40)
                .i32(0)
                .i32(1)
                .i32(65_536)
                .op(0xFC, 11, 0)
                .op(0x0C)
                .u32(0)
                .op(0x0B)
                .reply(0, 0))) {
      var module = ModuleBuilder.empty(1);
      int log = module.imported("heddle", "log", "ii", "");
      module.alloc().handle(new Code().i32(0).i32(0).call(log).raw(body.bytes()));
      var why = interrupted(workshop, module.build(), ErrorCode.CANCELLED);
      assertTrue(why.getMessage().contains("fn@0123abcd"), why::getMessage);
      assertEquals(0, workshop.budget.taken());
    }
  }

  @Test
  void recursionThatDoublesWithoutALoopIsStopped() throws Exception {
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc();
    int self = 2;
    var twice = new Code().get(0).op(0x45).op(0x04, 0x40).op(0x0F, 0x0B);
    for (int i = 0; i < 2; i++) {
      twice.get(0).i32(1).op(0x6B).call(self);
    }
    assertEquals(self, module.function("i", "", twice));
    module.handle(new Code().i32(0).i32(0).call(log).i32(200).call(self).reply(0, 0));
    interrupted(workshop, module.build(), ErrorCode.CANCELLED);
  }

  @Test
  void aStartFunctionThatRunsForEverIsStopped() throws Exception {
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc();
    int start = module.function("", "", new Code().i32(0).i32(0).call(log).forever());
    module.start(start).handle(new Code().reply(0, 0));
    interrupted(workshop, module.build(), ErrorCode.CANCELLED);
  }

  /** Without this, an interrupt that comes a moment before the code would leave it to run on. */
  @Test
  @Timeout(300)
  void anEventThatIsLateIsNotBegun() {
    var forever = ModuleBuilder.handler().handle(new Code().forever().reply(0, 0)).build();
    var sandbox = workshop.sandbox(forever);
    var fake = new FakeCall();
    var late = new Call(fake, fake, Deadline.after(Duration.ZERO, WasmWorkshop.TICKER));
    sandbox.interrupt();
    var why = assertThrows(HeddleException.class, () -> sandbox.invoke(new byte[] {'1'}, late));
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, why.code(), why::toString);
  }

  @Test
  void anInterruptMeantForOneEventNeverReachesTheNext() throws Exception {
    var module = ModuleBuilder.handler().handle(new Code().forever().reply(0, 0)).build();
    var sandbox = workshop.sandbox(module);
    var fake = new FakeCall();
    var left = new Call(fake, fake, fake.call().deadline(), () -> true);
    // It comes too late to be entered, and is not what the next one hears of.
    sandbox.interrupt();
    var late = assertThrows(HeddleException.class, () -> sandbox.invoke(new byte[] {'1'}, left));
    assertEquals(ErrorCode.CANCELLED, late.code());
    assertTrue(!Thread.currentThread().isInterrupted());
    var echo = workshop.sandbox(ModuleBuilder.echo());
    echo.interrupt();
    assertEquals("1", WasmWorkshop.invoke(echo, "1", new FakeCall()));
    assertTrue(!Thread.currentThread().isInterrupted());
  }

  @Test
  void theHostRefusesToRunWhereLittleStackIsLeft() {
    // It recurses, and calls its host at each depth.
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc();
    int self = 2;
    module.function("", "", new Code().i32(0).i32(0).call(log).call(self));
    module.handle(new Code().call(self).reply(0, 0));
    var why = workshop.fails(ErrorCode.FUNCTION_FAILED, module.build());
    assertTrue(why.getMessage().contains("call stack exhausted"), why::getMessage);
  }

  @Test
  void exitInInitNamesTheStep() {
    var module = ModuleBuilder.empty(1);
    int exit = module.imported("wasi_snapshot_preview1", "proc_exit", "i", "");
    module.alloc();
    module.export("_initialize", module.function("", "", new Code().i32(3).call(exit)));
    module.handle(new Code().reply(0, 0));
    var why = workshop.fails(ErrorCode.FUNCTION_INIT_FAILED, module.build());
    assertEquals(
        "function fn@0123abcd: init failed: exit with code 3 (expected: a reply)",
        why.getMessage());
  }

  @Test
  void aScatterModuleSeesItsShardAndItsCoverage() throws Exception {
    var module = ModuleBuilder.empty(1);
    int documents = module.imported("heddle", "shard_documents", "i", "l");
    module.alloc().data(16, "[true]".getBytes(StandardCharsets.UTF_8));
    // The partial's first byte is the number of documents.
    var leaf = new Code().i32(0).get(0).call(documents).memory(0x37).reply(0, 1);
    module.export("heddle_prepare", module.function("ii", "i", new Code().i32(0)));
    module.export("heddle_leaf", module.function("i", "l", leaf));
    module.export("heddle_merge", module.function("iiii", "l", Code.packed(0, 1)));
    module.export("heddle_finish", module.function("iiii", "l", new Code().reply(16, 6)));
    module.export("heddle_laws", module.function("", "i", new Code().i32(3)));
    var instance = workshop.scatter(module.build());
    var function = instance.function();
    var query = function.prepare(request());
    var partial = function.leaf(query, shard());
    assertEquals(2, ((byte[]) partial)[0]);
    assertEquals(2, function.laws().size());
    var merged = function.merge(partial, function.leaf(query, shard()));
    assertEquals(2, ((byte[]) function.complete(query, merged))[0]);
    var coverage = new Coverage(2, 2, 2, 1, 0, 1, List.of());
    assertEquals(List.of(true), function.finish(query, merged, coverage));
    instance.sandbox().destroy();
    assertEquals(0, workshop.budget.taken());
  }
}
