package dev.heddle.loadtest.invoke;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;

/**
 * What the peer runs from.
 *
 * @param jar of the framework
 * @param classes of the function {@value #TARGET}
 */
record FrameworkJar(Path jar, Path classes) {
  static final String VERSION = "2.0.0";
  static final String TARGET = "Echo";

  private static final String ARTIFACT =
      "com.google.cloud.functions.invoker:java-function-invoker:" + VERSION;
  private static final String COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy";
  private static final Duration FETCH = Duration.ofMinutes(3);
  private static final String SOURCE =
      """
      import com.google.cloud.functions.HttpFunction;
      import com.google.cloud.functions.HttpRequest;
      import com.google.cloud.functions.HttpResponse;

      public final class Echo implements HttpFunction {
        @Override
        public void service(HttpRequest request, HttpResponse response) throws Exception {
          byte[] body = request.getInputStream().readAllBytes();
          response.setContentType("application/json");
          response.getOutputStream().write(body);
        }
      }
      """;

  /**
   * Fetches and compiles what is not there.
   *
   * @param maven the program that fetches from Maven Central
   * @param jars keeps the jar for later runs
   * @param directory takes the classes and a log
   * @throws HeddleException UNAVAILABLE with the reason why it cannot be had
   */
  static FrameworkJar get(Path maven, Path jars, Path directory) throws InterruptedException {
    try {
      var jar = fetched(maven, jars, directory);
      return new FrameworkJar(
          jar, compiled(jar, Files.createDirectories(directory.resolve("peer"))));
    } catch (IOException e) {
      throw unavailable(e.toString());
    }
  }

  private static Path fetched(Path maven, Path jars, Path directory)
      throws IOException, InterruptedException {
    var jar = jars.resolve("java-function-invoker-" + VERSION + ".jar");
    if (Files.exists(jar)) {
      return jar;
    }
    var log = directory.resolve("maven.log");
    var fetch =
        new ProcessBuilder(
                maven.toString(),
                "-B",
                "-q",
                COPY,
                "-Dartifact=" + ARTIFACT,
                "-DoutputDirectory=" + jars)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(log.toFile()))
            .start();
    if (!fetch.waitFor(FETCH.toNanos(), TimeUnit.NANOSECONDS)) {
      var _ = fetch.destroyForcibly();
    }
    if (!Files.exists(jar)) {
      throw unavailable("not fetched from Maven Central, see " + log);
    }
    return jar;
  }

  private static Path compiled(Path jar, Path directory) throws IOException {
    var compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw unavailable("this Java has no compiler (expected: a JDK)");
    }
    var source = Files.writeString(directory.resolve(TARGET + ".java"), SOURCE);
    var said = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
      var options = List.of("-proc:none", "-cp", jar.toString(), "-d", directory.toString());
      var units = files.getJavaFileObjects(source);
      if (!compiler.getTask(said, files, null, options, null, units).call()) {
        throw unavailable("its function does not compile: " + said);
      }
    }
    return directory;
  }

  private static HeddleException unavailable(String why) {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "functions framework " + VERSION + ": " + why);
  }
}
