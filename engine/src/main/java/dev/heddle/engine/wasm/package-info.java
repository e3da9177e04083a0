/**
 * The {@code wasm} runtime: functions as WebAssembly modules, each compiled once, at its deploy, to
 * JVM bytecode that is shipped by digest.
 *
 * <p>{@link dev.heddle.engine.wasm.WasmRuntime} is the door. A module is read within limits before
 * any parser sees it ({@code ModuleReader}), compiled in a process of its own ({@code
 * ModuleCompiler}), and run with a fresh instance for each event or query ({@code Guest}), whose
 * memory is capped and whose only way out are the functions of {@code HostFunctions}: its imports
 * are its rights. What an instance does ends when its thread is interrupted.
 */
@NullMarked
package dev.heddle.engine.wasm;

import org.jspecify.annotations.NullMarked;
