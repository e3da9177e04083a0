package dev.heddle.engine.wasm;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.analysis.Analyzer;
import org.objectweb.asm.util.CheckClassAdapter;
import run.endive.compiler.internal.Compiler;
import run.endive.runtime.Instance;
import run.endive.wasm.Parser;

/**
 * Compiles modules, each in a process of its own that has a heap limit and a time limit and is
 * killed beyond them. Safe for any thread.
 */
final class ModuleCompiler {
  private static final int MAX_WORDS = 2_000;

  /** What the process needs, and nothing else of this one's class path. */
  private static final List<Class<?>> NEEDED =
      List.of(
          CompilerProcess.class,
          FunctionKind.class,
          HeddleException.class,
          Compiler.class,
          Instance.class,
          Parser.class,
          ClassReader.class,
          ClassRemapper.class,
          ClassNode.class,
          Analyzer.class,
          CheckClassAdapter.class);

  private final WasmLimits limits;
  private final Semaphore turns;

  ModuleCompiler(WasmLimits limits) {
    this.limits = limits;
    this.turns = new Semaphore(limits.compilers(), true);
  }

  /**
   * The archive of the compiled module.
   *
   * @throws HeddleException INVALID_FUNCTION where the module cannot be compiled within the limits;
   *     OVERLOADED where other modules are; UNAVAILABLE where no process can be started
   */
  byte[] compile(byte[] module, FunctionKind kind) {
    long nanos = limits.compilerTime().toNanos();
    try {
      if (!turns.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
        throw new HeddleException(
            ErrorCode.OVERLOADED, "deploy: other modules are being compiled (expected: a turn)");
      }
      try {
        return run(module, kind, nanos);
      } finally {
        turns.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, "deploy: interrupted", e);
    } catch (IOException | ExecutionException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "deploy: compiler: " + e + " (expected: a process that starts)",
          e);
    }
  }

  private byte[] run(byte[] module, FunctionKind kind, long nanos)
      throws IOException, InterruptedException, ExecutionException {
    var process = start(kind);
    try {
      int max = limits.maxCompiled().toIntBytes();
      var input = write(process, module);
      var output = reading(process.getInputStream(), max);
      var words = reading(process.getErrorStream(), MAX_WORDS);
      if (!process.waitFor(nanos, TimeUnit.NANOSECONDS)) {
        throw refuse(
            "not done within " + DurationFormat.format(limits.compilerTime()),
            "a module that compiles in time");
      }
      var bytes = output.get();
      input.get();
      if (process.exitValue() == 0 && bytes.length <= max) {
        return bytes;
      }
      throw refused(process.exitValue(), bytes, words.get(), max);
    } finally {
      process.destroyForcibly();
    }
  }

  private HeddleException refused(int code, byte[] output, byte[] words, int max) {
    if (code == CompilerProcess.REFUSED) {
      return refuse(text(output), "a valid module that the JVM can run compiled");
    }
    if (output.length > max) {
      return refuse("compiled to more than " + limits.maxCompiled(), "at most that");
    }
    return refuse(
        "the compiler ended with code " + code + ": " + text(words),
        "a module that compiles within a heap of " + limits.compilerHeap());
  }

  private static HeddleException refuse(String what, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_FUNCTION, "module: " + what + " (expected: " + expected + ")");
  }

  private static String text(byte[] bytes) {
    int length = Math.min(bytes.length, MAX_WORDS);
    return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
  }

  private Process start(FunctionKind kind) throws IOException {
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + limits.compilerHeap().bytes(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-Xshare:auto",
            "-cp",
            classPath(),
            CompilerProcess.class.getName(),
            kind.name());
    builder.environment().keySet().retainAll(Map.of("PATH", "", "LD_LIBRARY_PATH", "").keySet());
    return builder.start();
  }

  private static String classPath() {
    return Stream.concat(NEEDED.stream(), Stream.of(org.jspecify.annotations.Nullable.class))
        .map(ModuleCompiler::home)
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String home(Class<?> type) {
    var source = type.getProtectionDomain().getCodeSource();
    try {
      return Path.of(source.getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("class path of " + type, e);
    }
  }

  /** A module that the process does not read, because it has ended, is no failure of its own. */
  private static CompletableFuture<Boolean> write(Process process, byte[] module) {
    return inBackground(() -> {
      try (var out = process.getOutputStream()) {
        out.write(module);
        return true;
      } catch (IOException e) {
        return false;
      }
    });
  }

  /** Reads up to one byte more than the limit, so that an excess shows; then throws away. */
  private static CompletableFuture<byte[]> reading(InputStream in, int max) {
    return inBackground(() -> {
      var bytes = in.readNBytes(max + 1);
      in.transferTo(java.io.OutputStream.nullOutputStream());
      return bytes;
    });
  }

  private static <T> CompletableFuture<T> inBackground(java.util.concurrent.Callable<T> body) {
    var done = new CompletableFuture<T>();
    // Not virtual ones: while they wait for a pipe, they hold the threads that carry them, and with
    // those whatever else runs on virtual threads of this process.
    Threads.named("heddle-wasm-compile")
        .newThread(() -> {
          try {
            done.complete(body.call());
          } catch (Exception e) {
            done.completeExceptionally(e);
          }
        })
        .start();
    return done;
  }
}
