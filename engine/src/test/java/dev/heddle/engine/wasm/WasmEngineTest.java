package dev.heddle.engine.wasm;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.Code;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogLine;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.Invocation;
import dev.heddle.engine.InvocationResult;
import dev.heddle.engine.InvocationScope;
import dev.heddle.engine.JsonValues;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.Operation;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import tools.jackson.databind.json.JsonMapper;

/** Modules in a whole engine: its timer ends them, its depth bounds them, its log takes lines. */
@Timeout(300)
class WasmEngineTest {
  private static final TraceContext TRACE =
      new TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true);
  private static final QueryOrigin ORIGIN = new QueryOrigin("q-1", TRACE.traceId());
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A compiler that runs out of memory first tries for long, on a busy machine. */
  private static final Duration COMPILERS_TIME = Duration.ofMinutes(4);

  private static final EngineConfig CONFIG =
      ConfigReader.read(
          JsonMapper.shared()
              .readTree(
                  """
                  {"max-log": "1KiB", "sandbox-memory": "64MiB",
                   "logs": {"lines": 50, "lines-per-second": 1, "burst": 20}}
                  """),
          EngineConfig.defaults());

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<String, FunctionRef> functions = new ConcurrentHashMap<>();
  private final FunctionLogs logs =
      new FunctionLogs(CONFIG.logs(), Clock.systemUTC(), WasmWorkshop.TICKER);
  private final Engine engine =
      new Engine(
          CONFIG,
          digest -> Objects.requireNonNull(blobs.get(digest), digest),
          List.of(new WasmRuntime(WasmWorkshop.LIMITS, WasmWorkshop.TICKER)),
          Map.of(),
          this::answer,
          logs,
          WasmWorkshop.TICKER,
          registry,
          "leaf");

  @AfterEach
  void close() {
    engine.close();
    logs.close();
  }

  /** Deploys without the compiler's process. */
  private FunctionRef deploy(String name, byte[] module, Duration timeout) {
    var compiled = CompilerProcess.compile(module, WasmWorkshop.kind(module)).encode();
    String digest = digest(module);
    blobs.put(digest, module);
    blobs.put(digest(compiled), compiled);
    var version =
        new FunctionVersion(
            digest,
            digest,
            "wasm",
            "",
            "name: " + name,
            module.length,
            Optional.of(digest(compiled)),
            compiled.length,
            timeout,
            DataSize.ofMiB(1),
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    var ref = new FunctionRef("default", name, Optional.of(version));
    functions.put(name, ref);
    return ref;
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private InvocationResult invoke(FunctionRef ref, String event, Duration time) {
    return engine.invoke(
        ref,
        event.getBytes(StandardCharsets.UTF_8),
        new Invocation(
            "i-1",
            "default",
            TRACE,
            0,
            PositionToken.EMPTY,
            Deadline.after(time, WasmWorkshop.TICKER),
            Optional.empty()));
  }

  /** The platform: functions call functions of this engine. */
  private @Nullable Object answer(
      Operation operation, JsonObject arguments, InvocationScope scope) {
    assertEquals(Operation.INVOKE, operation);
    var result =
        engine.invoke(
            Objects.requireNonNull(functions.get(arguments.string("function"))),
            JsonValues.write(arguments.get("event")),
            new Invocation(
                "i-2",
                scope.tenant(),
                scope.trace().child(),
                scope.depth() + 1,
                scope.positions(),
                scope.deadline(),
                Optional.empty()));
    return JsonValues.read(result.json());
  }

  private double gauge(String name) {
    return registry.get(name).gauge().value();
  }

  private static String text(InvocationResult result) {
    return new String(result.json(), StandardCharsets.UTF_8);
  }

  private static void fails(ErrorCode code, InvocationResult result) {
    var why = assertThrows(HeddleException.class, result::json);
    assertEquals(code, why.code(), why::toString);
  }

  @Test
  void aLoopWithoutEndStopsAtItsTimeoutAndGivesItsThreadBack() {
    var forever = ModuleBuilder.handler().handle(new ModuleBuilder.Code().forever().reply(0, 0));
    var loops = deploy("a1", forever.build(), Duration.ofMillis(300));
    for (int i = 0; i < 5; i++) {
      var result = invoke(loops, "1", PATIENCE);
      fails(ErrorCode.FUNCTION_TIMED_OUT, result);
      assertTrue(result.bill().activeNanos() > 0, result.bill()::toString);
    }
    fails(ErrorCode.DEADLINE_EXCEEDED, invoke(loops, "1", Duration.ofMillis(20)));
    eventually("no thread is stuck", () -> gauge("heddle.engine.threads.stuck") == 0);
    eventually("no thread is busy", () -> gauge("heddle.engine.threads.busy") == 0);
    eventually("no sandbox runs", () -> gauge("heddle.engine.sandboxes.running") == 0);
    var echo = deploy("a2", ModuleBuilder.echo(), PATIENCE);
    assertEquals("7", text(invoke(echo, "7", PATIENCE)));
  }

  /** Its leaf runs for ever; its other steps answer. */
  private static byte[] scatter(ModuleBuilder module, ModuleBuilder.Code leaf) {
    module.export("heddle_prepare", module.function("ii", "i", new ModuleBuilder.Code().i32(0)));
    module.export("heddle_leaf", module.function("i", "l", leaf));
    module.export("heddle_merge", module.function("iiii", "l", ModuleBuilder.Code.packed(0, 1)));
    module.export(
        "heddle_finish", module.function("iiii", "l", new ModuleBuilder.Code().reply(16, 6)));
    return module.build();
  }

  private static ScatterRequest request() {
    return new ScatterRequest(
        new Query.All(), 1, List.of(), List.of(), Map.of(), Optional.empty(), 0, JsonObject.EMPTY);
  }

  private static Shard shard() {
    return InMemoryShard.builder("d", 0)
        .field("n", Shard.FieldKind.LONG)
        .document("a", Map.of("n", 1))
        .build();
  }

  @Test
  void theTimerEndsALeafThatLoops() {
    var module = ModuleBuilder.empty(1).alloc();
    var loops =
        deploy("b1", scatter(module, new ModuleBuilder.Code().forever().reply(0, 0)), PATIENCE);
    engine.load(loops);
    var deadline = Deadline.after(Duration.ofSeconds(1), WasmWorkshop.TICKER);
    try (var run = engine.scatter(loops, request(), deadline, ORIGIN)) {
      late(() -> run.leaf(shard()));
    }
    assertEquals(0, gauge("heddle.engine.sandboxes.bytes"));
    assertEquals(0, gauge("heddle.engine.sandboxes.running"));
  }

  @Test
  void aDeadlineThatPassesBetweenTwoStepsEndsTheNextOne() {
    var module = ModuleBuilder.empty(1).alloc();
    var loops =
        deploy("b2", scatter(module, new ModuleBuilder.Code().forever().reply(0, 0)), PATIENCE);
    engine.load(loops);
    var deadline = Deadline.after(Duration.ofSeconds(1), WasmWorkshop.TICKER);
    try (var run = engine.scatter(loops, request(), deadline, ORIGIN)) {
      // Longer than that, so that the timer has rung as well.
      var rung = Deadline.after(Duration.ofMillis(1_200), WasmWorkshop.TICKER);
      eventually("the deadline has passed", () -> rung.expired(WasmWorkshop.TICKER));
      late(() -> run.leaf(shard()));
    }
  }

  @Test
  void theTimerEndsAStartFunctionThatLoops() {
    var module = ModuleBuilder.empty(1).alloc();
    module.start(module.function("", "", new ModuleBuilder.Code().forever()));
    var loops = deploy("b3", scatter(module, new ModuleBuilder.Code().reply(0, 0)), PATIENCE);
    engine.load(loops);
    var deadline = Deadline.after(Duration.ofMillis(100), WasmWorkshop.TICKER);
    late(() -> {
      var _ = engine.scatter(loops, request(), deadline, ORIGIN);
    });
    assertEquals(0, gauge("heddle.engine.sandboxes.bytes"));
    assertEquals(0, gauge("heddle.engine.sandboxes.running"));
    assertFalse(Thread.interrupted());
  }

  private static void late(Executable step) {
    var why = assertThrows(HeddleException.class, step);
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, why.code(), why::toString);
  }

  @Test
  void whatAScatterModuleWritesIsInTheLogUnderItsQuery() {
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc().data(16, "[true]seen".getBytes(StandardCharsets.UTF_8));
    var leaf = new ModuleBuilder.Code().i32(22).i32(4).call(log).reply(0, 1);
    var noisy = deploy("d1", scatter(module, leaf), PATIENCE);
    var deadline = Deadline.after(PATIENCE, WasmWorkshop.TICKER);
    for (String query : List.of("q-1", "q-2")) {
      var origin = new QueryOrigin(query, TRACE.traceId());
      try (var run = engine.scatter(noisy, request(), deadline, origin)) {
        var merged = run.merge(run.leaf(shard()), run.leaf(shard()));
        var all = new Coverage(1, 1, 1, 1, 0, 1, List.of());
        assertEquals(List.of(true), run.finish(merged, all));
      }
    }
    var lines = logs.read("default", "d1", 100, Optional.of("q-2"));
    assertEquals(List.of("seen", "seen"), lines.stream().map(FunctionLogLine::text).toList());
    for (var line : lines) {
      assertEquals(TRACE.traceId(), line.traceId());
      assertEquals(noisy.version().orElseThrow().digest(), line.version());
    }
    assertEquals(4, logs.read("default", "d1", 100, Optional.empty()).size());
  }

  @Test
  void aScatterModuleThatFloodsItsLogIsCutAsAHandlerIs() {
    var module = ModuleBuilder.empty(1);
    int log = module.imported("heddle", "log", "ii", "");
    module.alloc();
    // 600 characters a line: the second one ends within the limit of 1KiB, the third is cut.
    var leaf = new ModuleBuilder.Code().i32(1_024).i32(600).call(log).reply(0, 1);
    var floods = deploy("e1", scatter(module, leaf), PATIENCE);
    var deadline = Deadline.after(PATIENCE, WasmWorkshop.TICKER);
    try (var run = engine.scatter(floods, request(), deadline, new QueryOrigin("q-1", "t"))) {
      for (int i = 0; i < 50; i++) {
        var _ = run.leaf(shard());
      }
    }
    var lines = logs.read("default", "e1", 100, Optional.empty());
    assertEquals(3, lines.size(), lines::toString);
    assertEquals("log cut: its limit is reached", lines.getLast().text());
    // Many queries: what is left of the rate is kept, the rest is lost and counted.
    for (int i = 0; i < 30; i++) {
      try (var run = engine.scatter(floods, request(), deadline, new QueryOrigin("q", "t"))) {
        var _ = run.leaf(shard());
      }
    }
    assertTrue(registry.get("heddle.engine.logs.lost").counter().count() > 0);
  }

  /** Calls what its event says, as long as that is an object; else replies with it. */
  private static byte[] caller() {
    var module = ModuleBuilder.empty(1);
    int call = module.imported("heddle", "call", "iiii", "i");
    int reply = module.imported("heddle", "reply", "i", "");
    int length = module.imported("heddle", "reply_length", "", "i");
    int fail = module.imported("heddle", "fail", "iii", "");
    module.alloc().data(0, "invoke".getBytes(StandardCharsets.UTF_8));
    var code = new ModuleBuilder.Code();
    // An event of less than 8 bytes is the end of the chain.
    code.get(1).i32(8).op(0x48).op(0x04, 0x40).locals(0, 1).op(0x0F, 0x0B);
    code.i32(0).i32(6).get(0).get(1).call(call).i32(0).op(0x48).op(0x04, 0x40);
    code.i32(2).i32(0).i32(0).call(fail).op(0x0B);
    code.call(length).set(3).i32(32_768).call(reply).i32(32_768).set(2).locals(2, 3);
    return module.handle("ii", code).build();
  }

  @Test
  void modulesCallModulesEightDeepAndNoDeeper() {
    var nests = deploy("f1", caller(), PATIENCE);
    assertEquals("5", text(invoke(nests, nested(8), PATIENCE)));
    fails(ErrorCode.LIMIT_REACHED, invoke(nests, nested(9), PATIENCE));
    assertEquals(0, gauge("heddle.engine.sandboxes.running"));
    assertEquals(0, gauge("heddle.engine.sandboxes.parked"));
  }

  private static String nested(int levels) {
    return IntStream.range(0, levels)
        .boxed()
        .reduce(
            "5",
            (inner, level) -> "{\"function\":\"f1\",\"event\":" + inner + "}",
            (a, b) -> {
              throw new AssertionError("sequential");
            });
  }

  private static Manifest manifest() {
    return Manifest.parse("name: fn\nruntime: wasm\nmemory: 1MiB\n");
  }

  private static Code code(byte[] module) {
    return new Code(module, Map.of(Code.SINGLE, module));
  }

  private void refused(Engine deploys, byte[] module, String words) {
    var why =
        assertThrows(
            HeddleException.class, () -> deploys.check("default", code(module), manifest()));
    assertEquals(ErrorCode.INVALID_FUNCTION, why.code(), why::toString);
    assertTrue(why.getMessage().contains(words), why::getMessage);
  }

  private Engine deploying(DataSize heap, Duration time) {
    var limits = WasmWorkshop.LIMITS.withCompiler(heap, time);
    return new Engine(
        CONFIG,
        digest -> new byte[0],
        List.of(new WasmRuntime(limits, WasmWorkshop.TICKER)),
        Map.of(),
        this::answer,
        logs,
        WasmWorkshop.TICKER,
        new SimpleMeterRegistry(),
        "coordinator");
  }

  private static List<ProcessHandle> compilers() {
    return ProcessHandle.current()
        .children()
        .filter(child ->
            child.info().commandLine().orElse("").contains(CompilerProcess.class.getName()))
        .toList();
  }

  @Test
  void aModuleThatTakesTheCompilersMemoryIsRefusedAndTheNextOneIsDeployed() {
    try (var deploys = deploying(DataSize.ofMiB(24), COMPILERS_TIME)) {
      refused(deploys, HostileBinariesTest.bomb(), "a module that compiles within a heap of 24MiB");
      assertTrue(
          deploys.check("default", code(ModuleBuilder.echo()), manifest()).compiled().isPresent());
    }
  }

  @Test
  void aCompilerThatDiesFailsItsDeployAndTheNextOneIsDeployed() throws Exception {
    try (var deploys = deploying(DataSize.ofMiB(256), COMPILERS_TIME)) {
      var before = compilers();
      var refusal =
          Thread.ofVirtual()
              .start(() -> refused(deploys, HostileBinariesTest.bomb(), "ended with code"));
      eventually("it compiles", () -> !compilers().equals(before));
      compilers().forEach(ProcessHandle::destroyForcibly);
      refusal.join();
      assertTrue(
          deploys.check("default", code(ModuleBuilder.echo()), manifest()).compiled().isPresent());
    }
  }

  @Test
  void aCompilerThatHangsIsKilledAndHoldsUpNobodyElse() {
    try (var deploys = deploying(DataSize.ofMiB(256), Duration.ofMillis(20))) {
      // There is one turn: the second is refused for its own time, not for want of a turn.
      for (int i = 0; i < 2; i++) {
        refused(deploys, HostileBinariesTest.bomb(), "not done within 20ms");
      }
    }
    eventually("no compiler is left", () -> compilers().isEmpty());
  }
}
