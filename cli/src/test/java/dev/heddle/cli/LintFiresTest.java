package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Proves that the compiler checks of this build fire. Pairs of Error Prone, NullAway and JDK have
 * been seen that load without complaint and find nothing, so a module with planted bugs, child of
 * the very parent POM that builds Heddle, must fail to compile for each of them.
 */
@Timeout(300)
class LintFiresTest {

  private static final String POM =
      """
      <project xmlns="http://maven.apache.org/POM/4.0.0">
        <modelVersion>4.0.0</modelVersion>
        <parent>
          <groupId>dev.heddle</groupId>
          <artifactId>heddle</artifactId>
          <version>0.1.0-SNAPSHOT</version>
          <relativePath>../../../../pom.xml</relativePath>
        </parent>
        <artifactId>heddle-planted</artifactId>
      </project>
      """;

  private static final String PACKAGE_INFO =
      """
      @org.jspecify.annotations.NullMarked
      package planted;
      """;

  @Test
  void plantedBugsFailTheBuild() throws IOException, InterruptedException {
    String output =
        failedBuildOf(
            "bugs",
            """
            package planted;

            import java.util.List;
            import org.jspecify.annotations.Nullable;

            final class Planted {
              static int length(@Nullable String text) {
                return text.length();
              }

              static List<String> names(List<@Nullable String> names) {
                return names;
              }

              static void check(int count) {
                if (count < 0) {
                  new IllegalArgumentException("count: " + count);
                }
              }
            }
            """);

    assertReported(output, 8, "[NullAway] dereferenced expression");
    assertReported(output, 12, "[NullAway] incompatible types"); // JSpecify mode only
    assertReported(output, 17, "[DeadException]"); // Error Prone
  }

  @Test
  void compilerWarningsFailTheBuild() throws IOException, InterruptedException {
    String output =
        failedBuildOf(
            "warnings",
            """
            package planted;

            import java.util.List;

            final class Planted {
              static int size(List raw) {
                return raw.size();
              }
            }
            """);

    assertReported(output, 6, "found raw type");
  }

  private static String failedBuildOf(String name, String source)
      throws IOException, InterruptedException {
    Path checkout = Path.of("..").toAbsolutePath().normalize();
    // Inside of the checkout, so that Maven finds .mvn/jvm.config.
    Path module = Path.of("target", "planted", name).toAbsolutePath();
    Path sources = Files.createDirectories(module.resolve("src/main/java/planted"));
    Files.writeString(module.resolve("pom.xml"), POM);
    Files.writeString(sources.resolve("package-info.java"), PACKAGE_INFO);
    Files.writeString(sources.resolve("Planted.java"), source);
    Path log = module.resolve("build.log");

    ProcessBuilder maven =
        new ProcessBuilder(
            checkout.resolve("mvnw").toString(),
            "-B",
            "-Dmaven.repo.local=" + System.getProperty("maven.repo.local"),
            "-f",
            module.resolve("pom.xml").toString(),
            "compile");
    maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
    int exit = maven.redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();

    String output = Files.readString(log);
    assertEquals(1, exit, output);
    return output;
  }

  private static void assertReported(String output, int line, String finding) {
    String place = "Planted.java:[" + line + ",";
    boolean reported =
        output.lines().anyMatch(text -> text.contains(place) && text.contains(finding));
    assertTrue(reported, () -> finding + " in line " + line + " is missing from:\n" + output);
  }
}
