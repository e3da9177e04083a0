package dev.heddle.loadtest.wasm;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.Archive;
import dev.heddle.engine.ArchiveLimits;
import dev.heddle.engine.Code;
import dev.heddle.engine.JavaRuntime;
import dev.heddle.engine.LoadedCode;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.engine.ShippedCode;
import dev.heddle.engine.wasm.WasmLimits;
import dev.heddle.engine.wasm.WasmRuntime;
import dev.heddle.function.ScatterFunction;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.process.DataSize;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Modules as a deploy and a worker treat them, without a cluster. */
final class WasmModules {
  static final SandboxLimits LIMITS = new SandboxLimits(DataSize.ofMiB(128), DataSize.ofMiB(8));

  private static final WasmRuntime RUNTIME =
      new WasmRuntime(WasmLimits.defaults(), Ticker.system());
  private static final String DIGEST = "0".repeat(64);

  private WasmModules() {}

  /** One of this package's own. */
  static byte[] resource(String name) {
    try (var in = WasmModules.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource: " + name + " (expected: to be there)");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Code code(byte[] module) {
    return new Code(module, Map.of(Code.SINGLE, module));
  }

  /** What a deploy ships: this compiles it. */
  static byte[] compile(byte[] module) {
    return compile(module, "");
  }

  private static byte[] compile(byte[] module, String kind) {
    var manifest = Manifest.parse("name: bench\nruntime: wasm\n" + kind);
    return RUNTIME.check(code(module), manifest).compiled().orElseThrow();
  }

  private static FunctionVersion version(
      String runtime, String entry, int bytes, Optional<byte[]> compiled) {
    return new FunctionVersion(
        DIGEST,
        DIGEST,
        runtime,
        entry,
        "name: bench\nruntime: %s\n%s".formatted(runtime, entry.isEmpty() ? "" : "entry: " + entry),
        bytes,
        compiled.map(any -> DIGEST),
        compiled.map(any -> any.length).orElse(0),
        Duration.ofSeconds(30),
        LIMITS.memory(),
        Map.of(),
        0,
        EventShape.JSON,
        List.of(),
        "",
        Instant.EPOCH);
  }

  /** A handler of the java runtime, as a worker loads it. */
  static LoadedCode loadJava(Class<?> handler) {
    var limits = ArchiveLimits.DEFAULTS;
    var archive = FunctionArchive.of("bench", "", handler);
    var code = Archive.read(archive, limits);
    var version = version("java", handler.getName(), archive.length, Optional.empty());
    return new JavaRuntime(limits, true, List.of())
        .load(new ShippedCode(version, code, Optional.empty()), "bench");
  }

  /** What a worker does with it. */
  static LoadedCode load(byte[] module, byte[] compiled) {
    var version = version("wasm", "", module.length, Optional.of(compiled));
    return RUNTIME.load(new ShippedCode(version, code(module), Optional.of(compiled)), "bench");
  }

  static LoadedCode load(byte[] module) {
    return load(module, compile(module));
  }

  /** As {@link #load(byte[])} for a module that could be either kind. */
  static LoadedCode load(byte[] module, FunctionKind kind) {
    return load(module, compile(module, "kind: " + kind.name().toLowerCase(Locale.ROOT) + "\n"));
  }

  static ScatterFunction<Object, Object> scatter(LoadedCode loaded) {
    var instance = loaded.newScatterInstance(LIMITS, line -> {});
    instance.sandbox().init();
    return instance.function();
  }
}
