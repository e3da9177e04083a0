package dev.heddle.cli.demo;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoFunctionsTest {
  @TempDir private Path folder;

  @Test
  void aFunctionWhoseCodeIsNotThereIsNotBuilt() throws IOException {
    Files.writeString(folder.resolve("heddle.yaml"), "name: f\nruntime: wasm\ncode: f.wasm\n");
    assertFalse(DemoFunctions.built(folder));
    Files.write(folder.resolve("f.wasm"), new byte[] {0});
    assertTrue(DemoFunctions.built(folder));
  }

  @Test
  void aFunctionThatNamesNoCodeIsBuiltByItsDeploy() throws IOException {
    Files.writeString(folder.resolve("heddle.yaml"), "name: f\nruntime: java\n");
    assertTrue(DemoFunctions.built(folder));
  }
}
