package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The modules of the project that stand beside their text: each is what its text says. */
class WatModulesTest {
  private static final Path PROJECT = Path.of("..");
  private static final Set<String> SKIPPED = Set.of("target", "node_modules", ".git", ".heddle");

  @TempDir private Path directory;

  private static List<Path> texts() throws IOException {
    var texts = new ArrayList<Path>();
    Files.walkFileTree(
        PROJECT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return SKIPPED.contains(String.valueOf(folder.getFileName()))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".wat")) {
              texts.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return texts;
  }

  private static Path module(Path text) {
    String name = String.valueOf(text.getFileName());
    return text.resolveSibling(name.replaceAll("wat$", "wasm"));
  }

  private static boolean installed(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(folder -> Path.of(folder, program))
        .anyMatch(Files::isExecutable);
  }

  @Test
  void everyTextHasItsModule() throws IOException {
    var texts = texts();
    assertTrue(texts.size() >= 4, texts::toString);
    for (var text : texts) {
      assertTrue(Files.isRegularFile(module(text)), text::toString);
    }
  }

  @Test
  void everyModuleIsWhatItsTextSays() throws IOException, InterruptedException {
    assumeTrue(installed("wat2wasm"), "skipped: no wat2wasm on the PATH (expected: wabt)");
    for (var text : texts()) {
      var built = directory.resolve("built.wasm");
      var process =
          new ProcessBuilder("wat2wasm", text.toString(), "-o", built.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), said);
      assertArrayEquals(
          Files.readAllBytes(built), Files.readAllBytes(module(text)), text::toString);
    }
  }
}
