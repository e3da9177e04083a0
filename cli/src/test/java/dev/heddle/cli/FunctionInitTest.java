package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.cli.terminal.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FunctionInitTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Console console =
      new Console(new PrintWriter(out, true), new PrintWriter(err, true), false);

  @TempDir private Path directory;

  private Path init(String runtime) {
    Path folder = directory.resolve("my-function");
    int code = Main.run(console, "function", "init", folder.toString(), "--runtime", runtime);
    assertEquals(0, code, err::toString);
    return folder;
  }

  private static String run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "wasm"})
  void writesAFunctionThatCanBeDeployed(String runtime) throws IOException {
    Path folder = init(runtime);
    var function = FunctionPackage.read(folder, new PrintWriter(err, true));
    assertEquals(Optional.of("my-function"), function.name());
    assertTrue(function.code().length > 0);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertTrue(out.toString().contains(file.toString()), file::toString);
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertFalse(text.contains("__NAME__"), file::toString);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "wasm"})
  void leavesAFolderAloneThatHoldsSomething(String runtime) throws IOException {
    Path folder = init(runtime);
    Files.writeString(folder.resolve("heddle.yaml"), "mine");
    String path = folder.toString();
    assertEquals(2, Main.run(console, "function", "init", path, "--runtime", runtime));
    assertEquals("mine", Files.readString(folder.resolve("heddle.yaml")));
  }

  @Test
  void theJavaStartersTestPasses() throws IOException, InterruptedException {
    Path folder = init("java");
    Path classes = folder.resolve("target");
    String path = System.getProperty("java.class.path");
    List<String> sources;
    try (Stream<Path> files = Files.walk(folder.resolve("src"))) {
      sources = files.map(Path::toString).filter(file -> file.endsWith(".java")).toList();
    }
    assertEquals(2, sources.size());
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                Stream.concat(
                        Stream.of("-proc:none", "-cp", path, "-d", classes.toString()),
                        sources.stream())
                    .toArray(String[]::new));
    assertEquals(0, compiled);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    run(folder, List.of(java, "-cp", classes + ":" + path, "functions.HelloTest"));
  }

  @Test
  void theWasmStartersTestPasses() throws IOException, InterruptedException {
    assumeTrue(
        Stream.of("/usr/bin/node", "/usr/local/bin/node")
            .map(Path::of)
            .anyMatch(Files::isExecutable),
        "node is not installed");
    run(init("wasm"), List.of("node", "test.mjs"));
  }
}
