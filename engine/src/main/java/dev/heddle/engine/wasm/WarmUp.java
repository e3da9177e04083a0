package dev.heddle.engine.wasm;

import dev.heddle.process.DataSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A small module that comes with this code, compiled: when it has run, the JVM has loaded and
 * linked what it needs to run WebAssembly at all, which takes some ten times as long as a module of
 * a function does after it.
 */
final class WarmUp {
  static final String MODULE = "warm-up.wasm";
  static final String COMPILED = "warm-up.compiled";

  private static final DataSize MEMORY = DataSize.ofKiB(128);
  private static final byte[] EVENT = "\"ready\"".getBytes(StandardCharsets.UTF_8);

  private WarmUp() {}

  static byte[] resource(String name) {
    try (var in = WarmUp.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource: " + name + " (expected: to be there)");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the module makes of an event: the same again. */
  static String run(WasmRuntime runtime) throws IOException, ReflectiveOperationException {
    var limits = runtime.limits();
    var compiled = CompiledModule.decode(resource(COMPILED), limits.maxCompiled());
    var layout = ModuleReader.layout(resource(MODULE), limits);
    var exports = GuestExports.of(layout, Optional.of(compiled.kind()));
    HostFunctions.check(layout);
    var module = runtime.loaded("warm-up", layout, exports, compiled);
    try (var guest = new Guest(module, MEMORY, null, line -> {})) {
      int at = guest.pass(EVENT);
      long reply = guest.call("handle", exports.handle(), at, EVENT.length);
      return new String(guest.take(reply, MEMORY), StandardCharsets.UTF_8);
    } finally {
      module.close();
    }
  }
}
