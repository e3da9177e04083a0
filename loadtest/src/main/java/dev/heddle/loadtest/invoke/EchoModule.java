package dev.heddle.loadtest.invoke;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A small WebAssembly module that replies with its event. */
final class EchoModule {
  private EchoModule() {}

  static byte[] bytes() {
    try (var in = EchoModule.class.getResourceAsStream("/dev/heddle/loadtest/wasm/echo.wasm")) {
      if (in == null) {
        throw new IllegalStateException("echo.wasm (expected: to be there)");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
