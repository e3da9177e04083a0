package dev.heddle.engine.wasm;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * What WebAssembly may take on one node.
 *
 * @param maxModule bytes of a module
 * @param maxTypes function types of a module
 * @param maxFunctions functions of a module, imports included
 * @param maxFunctionBytes body of a function; the Java compiler's own limit is lower for most code
 * @param maxLocals locals of a function, parameters included; deep recursion costs their sum
 * @param maxDepth blocks within each other
 * @param maxGlobals globals of a module
 * @param maxSegments data segments, and element segments, of a module
 * @param maxTableEntries entries of a table, also after it has grown
 * @param maxExports exports of a module
 * @param maxMemory linear memory of an instance, whatever its function's cap
 * @param nodeMemory linear memory of all instances of the node together, with what loaded modules
 *     hold for them and what is made of their platform calls
 * @param compilerHeap heap of the process that compiles a module
 * @param compilerTime within which a module must be compiled
 * @param compilers compiler processes at once; a deploy waits for its turn
 * @param maxCompiled compiled code of a module
 * @param maxCursors column cursors of an instance
 * @param maxMessage arguments of a host function, and what it answers
 * @param maxImage pages of memory that a module's data fills: shared by its instances, held while
 *     it is loaded
 */
public record WasmLimits(
    DataSize maxModule,
    int maxTypes,
    int maxFunctions,
    int maxFunctionBytes,
    int maxLocals,
    int maxDepth,
    int maxGlobals,
    int maxSegments,
    int maxTableEntries,
    int maxExports,
    DataSize maxMemory,
    DataSize nodeMemory,
    DataSize compilerHeap,
    Duration compilerTime,
    int compilers,
    DataSize maxCompiled,
    int maxCursors,
    DataSize maxMessage,
    DataSize maxImage) {

  public WasmLimits {
    if (compilers < 1) {
      throw new IllegalArgumentException("compilers: " + compilers + " (expected: >= 1)");
    }
    if (!compilerTime.isPositive()) {
      throw new IllegalArgumentException("compiler-time: " + compilerTime + " (expected: > 0)");
    }
    if (maxMemory.compareTo(DataSize.ofGiB(1)) > 0) {
      throw new IllegalArgumentException("max-memory: " + maxMemory + " (expected: at most 1GiB)");
    }
  }

  /** For this process: half of its heap may be linear memory. */
  public static WasmLimits defaults() {
    return new WasmLimits(
        DataSize.ofMiB(16),
        2_000,
        20_000,
        256 << 10,
        2_000,
        1_024,
        10_000,
        10_000,
        100_000,
        1_000,
        DataSize.ofGiB(1),
        DataSize.ofBytes(Runtime.getRuntime().maxMemory() / 2),
        DataSize.ofMiB(768),
        Duration.ofSeconds(30),
        1,
        DataSize.ofMiB(64),
        256,
        DataSize.ofMiB(1),
        DataSize.ofMiB(32));
  }

  /** For a module that was checked before, in a process whose own limits hold. */
  static WasmLimits unlimited() {
    int most = Integer.MAX_VALUE - 1;
    var size = DataSize.ofBytes(most);
    return new WasmLimits(
        size,
        most,
        most,
        most,
        most,
        most,
        most,
        most,
        most,
        most,
        DataSize.ofGiB(1),
        size,
        size,
        Duration.ofDays(1),
        1,
        size,
        most,
        size,
        size);
  }

  /** The same with a budget for all linear memory of the node. */
  public WasmLimits withNodeMemory(DataSize size) {
    return new WasmLimits(
        maxModule,
        maxTypes,
        maxFunctions,
        maxFunctionBytes,
        maxLocals,
        maxDepth,
        maxGlobals,
        maxSegments,
        maxTableEntries,
        maxExports,
        maxMemory,
        size,
        compilerHeap,
        compilerTime,
        compilers,
        maxCompiled,
        maxCursors,
        maxMessage,
        maxImage);
  }

  /** The same with other bounds for the compiler's process. */
  public WasmLimits withCompiler(DataSize heap, Duration time) {
    return new WasmLimits(
        maxModule,
        maxTypes,
        maxFunctions,
        maxFunctionBytes,
        maxLocals,
        maxDepth,
        maxGlobals,
        maxSegments,
        maxTableEntries,
        maxExports,
        maxMemory,
        nodeMemory,
        heap,
        time,
        compilers,
        maxCompiled,
        maxCursors,
        maxMessage,
        maxImage);
  }
}
