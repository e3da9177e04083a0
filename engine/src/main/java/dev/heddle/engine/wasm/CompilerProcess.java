package dev.heddle.engine.wasm;

import dev.heddle.catalog.FunctionKind;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import run.endive.compiler.InterpreterFallback;
import run.endive.compiler.internal.ClassLoadingCollector;
import run.endive.compiler.internal.Compiler;
import run.endive.wasm.Parser;

/**
 * The process that compiles one module, read from its standard input, to one archive on its
 * standard output, and ends: so that whatever a module does to the compiler, it does to a process
 * that has a small heap and a short life. {@link ModuleCompiler} starts it.
 */
public final class CompilerProcess {
  /** Exit code of a module that cannot be compiled; the reason is on standard output. */
  static final int REFUSED = 10;

  /** Few enough that the JVM links what a first call needs, not the whole module. */
  private static final int FUNCTIONS_PER_CLASS = 64;

  private static final String MAIN_CLASS = "dev.heddle.wasm.Module";
  private static final long COMPILER_STACK = 64L << 20;

  private CompilerProcess() {}

  /**
   * Compiles standard input to standard output.
   *
   * @param arguments the {@link FunctionKind}
   */
  public static void main(String[] arguments) throws Exception {
    var kind = FunctionKind.valueOf(arguments[0]);
    var module = System.in.readAllBytes();
    var result = new Result();
    // The compiler recurses where blocks nest.
    var thread = new Thread(null, () -> result.compile(module, kind), "compiler", COMPILER_STACK);
    thread.start();
    thread.join();
    OutputStream out = new BufferedOutputStream(System.out);
    out.write(result.bytes);
    out.flush();
    System.exit(result.code);
  }

  /** What came of it. */
  private static final class Result {
    private byte[] bytes = {};
    private int code = 1;

    void compile(byte[] module, FunctionKind kind) {
      try {
        bytes = CompilerProcess.compile(module, kind).encode();
        code = 0;
      } catch (RuntimeException | StackOverflowError | LinkageError e) {
        var message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        bytes = message.getBytes(StandardCharsets.UTF_8);
        code = REFUSED;
      }
    }
  }

  /**
   * Validates and compiles in this process; the JVM has verified the classes when it returns.
   *
   * @throws RuntimeException if it is invalid, or a function is too large for the JVM
   */
  static CompiledModule compile(byte[] module, FunctionKind kind) {
    var compiled =
        Compiler.builder(Parser.parse(module))
            .withClassName(MAIN_CLASS)
            .withMaxFunctionsPerClass(FUNCTIONS_PER_CLASS)
            .withInterpreterFallback(InterpreterFallback.FAIL)
            .withClassCollectorFactory(ClassLoadingCollector::new)
            .build()
            .compile();
    var classes = new HashMap<String, byte[]>();
    compiled
        .classBytes()
        .forEach((name, bytes) -> classes.put(name.replace('/', '.'), withoutInitializer(bytes)));
    return new CompiledModule(
        CompiledModule.COMPILER,
        ModuleDigest.of(module),
        kind,
        ModuleReader.check(module, WasmLimits.unlimited()).stack(),
        compiled.collector().mainClassName().replace('/', '.'),
        Map.copyOf(classes));
  }

  /**
   * Endive's support class asks the system's properties whether to work around a JVM that is not
   * this one: without that, compiled code needs nothing of the JDK that could do any harm.
   */
  private static byte[] withoutInitializer(byte[] classFile) {
    var reader = new ClassReader(classFile);
    var writer = new ClassWriter(0);
    reader.accept(
        new ClassVisitor(Opcodes.ASM9, writer) {
          @Override
          public @Nullable MethodVisitor visitMethod(
              int access,
              String name,
              String descriptor,
              @Nullable String signature,
              String @Nullable [] exceptions) {
            return name.equals("<clinit>")
                ? null
                : super.visitMethod(access, name, descriptor, signature, exceptions);
          }
        },
        0);
    return writer.toByteArray();
  }
}
