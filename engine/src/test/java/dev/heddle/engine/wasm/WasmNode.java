package dev.heddle.engine.wasm;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.FunctionRuntime;
import dev.heddle.engine.Invocation;
import dev.heddle.engine.InvocationResult;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Platform;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
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
import java.util.function.UnaryOperator;

/** An engine that runs modules, with a neighbour that answers whatever it is sent. */
final class WasmNode implements AutoCloseable {
  static final Ticker TICKER = Ticker.system();
  static final DataSize MEMORY = DataSize.ofMiB(1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final TraceContext TRACE =
      new TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true);

  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  final FunctionLogs logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), TICKER);
  final WasmRuntime wasm;
  final Engine engine;
  private final WasmLimits limits;
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final FunctionRef neighbour;

  WasmNode() {
    this(Platform.NONE, WasmLimits.defaults(), runtime -> runtime);
  }

  WasmNode(Platform platform, WasmLimits limits, UnaryOperator<FunctionRuntime> around) {
    this.limits = limits;
    wasm = new WasmRuntime(limits, TICKER);
    engine =
        new Engine(
            EngineConfig.defaults(),
            digest -> Objects.requireNonNull(blobs.get(digest)),
            List.of(around.apply(wasm)),
            Map.of(),
            platform,
            logs,
            TICKER,
            registry,
            "leaf");
    neighbour = deploy("neighbour", ModuleBuilder.echo(), FunctionKind.HANDLER);
  }

  /** As a deploy would, without its process. */
  FunctionRef deploy(String name, byte[] module, FunctionKind kind) {
    return deploy("default", name, module, kind, MEMORY);
  }

  FunctionRef deploy(
      String tenant, String name, byte[] module, FunctionKind kind, DataSize memory) {
    ModuleReader.check(module, limits);
    var compiled = CompilerProcess.compile(module, kind).encode();
    return deploy(tenant, name, module, compiled, memory);
  }

  /**
   * @param archive the module as it was compiled
   */
  FunctionRef deploy(String tenant, String name, byte[] module, byte[] archive, DataSize memory) {
    var code = put(module);
    var compiled = put(archive);
    var version =
        new FunctionVersion(
            put((tenant + name + code + memory).getBytes(StandardCharsets.UTF_8)),
            code,
            "wasm",
            "",
            "name: " + name + "\nruntime: wasm\n",
            module.length,
            Optional.of(compiled),
            1,
            Duration.ofSeconds(60),
            memory,
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    return new FunctionRef(tenant, name, Optional.of(version));
  }

  private String put(byte[] bytes) {
    try {
      var digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
      blobs.put(digest, bytes);
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  static Deadline in(Duration time) {
    return Deadline.after(time, TICKER);
  }

  InvocationResult result(FunctionRef ref, String event, Duration time) {
    var invocation =
        new Invocation(
            "i-1", ref.tenant(), TRACE, 0, PositionToken.EMPTY, in(time), Optional.empty());
    return engine.invoke(ref, event.getBytes(StandardCharsets.UTF_8), invocation);
  }

  String invoke(FunctionRef ref, String event, Duration time) {
    return new String(result(ref, event, time).json(), StandardCharsets.UTF_8);
  }

  /** What the neighbour answers: the event. */
  String neighbour(String event) {
    return invoke(neighbour, event, PATIENCE);
  }

  /** What an event comes to, which fails. */
  ErrorCode failure(FunctionRef ref, String event, Duration time) {
    if (result(ref, event, time) instanceof InvocationResult.Failed failed) {
      return failed.why().code();
    }
    throw new AssertionError("answered (expected: a failure)");
  }

  static ErrorCode failure(Runnable body) {
    try {
      body.run();
    } catch (HeddleException e) {
      return e.code();
    }
    throw new AssertionError("answered (expected: a failure)");
  }

  double gauge(String name) {
    return registry.get(name).gauge().value();
  }

  static ScatterRequest request() {
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

  @Override
  public void close() {
    engine.close();
    logs.close();
  }
}
