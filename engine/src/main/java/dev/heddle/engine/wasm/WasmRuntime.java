package dev.heddle.engine.wasm;

import dev.heddle.engine.CheckedCode;
import dev.heddle.engine.Code;
import dev.heddle.engine.FunctionRuntime;
import dev.heddle.engine.LoadedCode;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.ShippedCode;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs WebAssembly: code that nobody trusts, beside the data. See {@code kits/README.md} for what a
 * module exports and imports.
 */
public final class WasmRuntime implements FunctionRuntime {
  private static final Logger log = LoggerFactory.getLogger(WasmRuntime.class);
  private static final String SUFFIX = ".wasm";

  private final WasmLimits limits;
  private final ModuleCompiler compiler;
  private final MemoryBudget budget;
  private final Ticker ticker;

  public WasmRuntime(WasmLimits limits, Ticker ticker) {
    this.limits = limits;
    this.compiler = new ModuleCompiler(limits);
    this.budget = new MemoryBudget(limits.nodeMemory().bytes());
    this.ticker = ticker;
  }

  @Override
  public String name() {
    return "wasm";
  }

  /** Linear memory that instances hold at this moment. */
  public DataSize memoryTaken() {
    return DataSize.ofBytes(budget.taken());
  }

  @Override
  public CheckedCode check(Code code, Manifest manifest) {
    var module = module(code, manifest.code());
    var layout = ModuleReader.check(module, limits);
    var exports = GuestExports.of(layout, manifest.kind());
    HostFunctions.check(layout);
    long most = Math.min(manifest.memory().bytes(), limits.maxMemory().bytes()) >> 16;
    if (layout.memoryPages() > most) {
      throw ModuleBytes.refuse(
          "memory",
          layout.memoryPages() + " pages of 64KiB at the start",
          "at most " + most + ", as memory in heddle.yaml allows");
    }
    long image = MemoryImage.bytes(layout);
    if (image > limits.maxImage().bytes()) {
      throw ModuleBytes.refuse(
          "data", image + " bytes of pages that it fills", "at most " + limits.maxImage());
    }
    return new CheckedCode(exports.kind(), Optional.of(compiler.compile(module, exports.kind())));
  }

  private static byte[] module(Code code, String path) {
    if (code.single()) {
      return code.bytes();
    }
    if (!path.isEmpty()) {
      var named = code.files().get(path);
      if (named == null) {
        throw refuse("code: " + path + " is not in the folder (expected: the path of a module)");
      }
      return named;
    }
    var modules = code.files().keySet().stream().filter(WasmRuntime::isModule).sorted().toList();
    if (modules.size() != 1) {
      throw refuse(
          "modules: %s (expected: one file %s, or code in heddle.yaml)".formatted(modules, SUFFIX));
    }
    return code.files().getOrDefault(modules.getFirst(), new byte[0]);
  }

  private static boolean isModule(String path) {
    return path.endsWith(SUFFIX);
  }

  private static HeddleException refuse(String message) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, message);
  }

  @Override
  public LoadedCode load(ShippedCode code, String label) {
    var archive =
        code.compiled()
            .orElseThrow(() -> refuse("compiled code: missing (expected: what a deploy compiled)"));
    try {
      var made = CompiledModule.current(archive) ? archive : compiledAnew(code);
      var compiled = CompiledModule.decode(made, limits.maxCompiled());
      var layout = ModuleReader.layout(module(code.code(), compiled), limits);
      var exports = GuestExports.of(layout, Optional.of(compiled.kind()));
      HostFunctions.check(layout);
      return loaded(label, layout, exports, compiled);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.INVALID_FUNCTION, "compiled code: " + e.getMessage(), e);
    } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
      throw e instanceof HeddleException known
          ? known
          : new HeddleException(
              ErrorCode.INVALID_FUNCTION, "compiled code: " + e + " (expected: to be loaded)", e);
    }
  }

  LoadedModule loaded(
      String label, ModuleLayout layout, GuestExports exports, CompiledModule compiled)
      throws ReflectiveOperationException {
    return new LoadedModule(label, limits, budget, ticker, layout, exports, compiled);
  }

  WasmLimits limits() {
    return limits;
  }

  /**
   * Has the JVM ready to run WebAssembly, in the background: otherwise the first function of a
   * process waits for it. It takes well below a second, once; if it fails, that is the first
   * function's to find out.
   */
  public void warmUp() {
    Threads.named("heddle-wasm-warm-up")
        .newThread(() -> {
          try {
            var _ = WarmUp.run(this);
          } catch (IOException | ReflectiveOperationException | RuntimeException | LinkageError e) {
            // The last where it was compiled for another version of the library.
            log.warn("WebAssembly was not warmed up: {}", e.toString());
          }
        })
        .start();
  }

  /** For code that was deployed before this node's version of the compiler. */
  private byte[] compiledAnew(ShippedCode code) {
    var manifest = Manifest.parse(code.version().manifestYaml());
    var module = module(code.code(), manifest.code());
    var layout = ModuleReader.check(module, limits);
    HostFunctions.check(layout);
    return compiler.compile(module, GuestExports.of(layout, manifest.kind()).kind());
  }

  /** The file that the classes were compiled from. */
  private static byte[] module(Code code, CompiledModule compiled) {
    return code.files().values().stream()
        .filter(file -> compiled.madeFrom(ModuleDigest.of(file)))
        .findFirst()
        .orElseThrow(() -> refuse("compiled code: of another module (expected: of this one)"));
  }
}
