package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.peer.PeerSource;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What Google's functions framework runs from.
 *
 * @param jar of the framework
 * @param classes of the function
 * @param target the function's class
 */
record FrameworkJar(Path jar, Path classes, String target) {
  static final String VERSION = "2.0.0";

  /** Replies with its event. */
  static final PeerSource ECHO =
      new PeerSource(
          "Echo",
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
          """);

  /** Does what {@link JettyFloor} does. */
  static final PeerSource WORK =
      new PeerSource(
          "Work",
          """
          import com.google.cloud.functions.HttpFunction;
          import com.google.cloud.functions.HttpRequest;
          import com.google.cloud.functions.HttpResponse;
          import java.util.concurrent.CountDownLatch;
          import java.util.concurrent.TimeUnit;

          public final class Work implements HttpFunction {
            private final CountDownLatch never = new CountDownLatch(1);

            @Override
            public void service(HttpRequest request, HttpResponse response) throws Exception {
              long n = Long.parseLong(request.getFirstQueryParameter("n").orElse("0"));
              String reply = "done";
              if (request.getPath().endsWith("/spin")) {
                long x = 88172645463325252L;
                for (long i = 0; i < n; i++) {
                  x ^= x << 13;
                  x ^= x >>> 7;
                  x ^= x << 17;
                }
                reply += x;
              } else {
                never.await(n, TimeUnit.MILLISECONDS);
              }
              response.getWriter().write(reply);
            }
          }
          """);

  private static final String ARTIFACT =
      "com.google.cloud.functions.invoker:java-function-invoker:" + VERSION;
  private static final String COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy";
  private static final Duration FETCH = Duration.ofMinutes(3);

  /**
   * Fetches and compiles what is not there.
   *
   * @param maven the program that fetches from Maven Central
   * @param jars keeps the jar for later runs
   * @param directory takes the classes and a log
   * @throws HeddleException UNAVAILABLE with the reason why it cannot be had
   */
  static FrameworkJar get(Path maven, Path jars, Path directory, PeerSource function)
      throws InterruptedException {
    try {
      var jar = fetched(maven, jars, directory);
      var classes = function.compile(List.of(jar), directory.resolve("peer"));
      return new FrameworkJar(jar, classes, function.name());
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

  private static HeddleException unavailable(String why) {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "functions framework " + VERSION + ": " + why);
  }
}
