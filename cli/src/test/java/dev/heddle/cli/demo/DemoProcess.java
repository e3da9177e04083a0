package dev.heddle.cli.demo;

import static dev.heddle.process.testing.Eventually.within;

import dev.heddle.cli.testing.NodeArchive;
import dev.heddle.process.testing.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real {@code heddle demo}, started as `./heddle` starts it. */
final class DemoProcess implements AutoCloseable {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
  private static final List<String> FLAGS =
      List.of("@" + CHECKOUT.resolve("etc/jvm.flags"), "-Dheddle.home=" + CHECKOUT, "-Xmx256m");

  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration END = Duration.ofMinutes(2);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Made when the first test wants it. */
  private static final class Archive {
    static final NodeArchive OF_TESTS = NodeArchive.of(FLAGS);
  }

  final Process process;
  final List<String> out = new CopyOnWriteArrayList<>();
  final List<String> err = new CopyOnWriteArrayList<>();
  private final int port;

  /** All that this demo ever started, as far as we have looked. */
  private final List<ProcessHandle> family = new ArrayList<>();

  DemoProcess(int port, Path data, String... more) throws IOException {
    this.port = port;
    List<String> arguments =
        new ArrayList<>(List.of("demo", "--port", "" + port, "--data", data.toString()));
    arguments.addAll(List.of(more));
    process = heddle(arguments).start();
    collect(process.getInputStream(), out);
    collect(process.getErrorStream(), err);
  }

  private static ProcessBuilder heddle(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FLAGS);
    // As the script has it: nodes of a demo map the cache, other commands are over too soon.
    command.addAll(
        arguments.getFirst().equals("demo")
            ? Archive.OF_TESTS.parentFlags()
            : List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("dev.heddle.cli.Main");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CLASSPATH", Archive.OF_TESTS.classPath());
    return builder;
  }

  /** What another command says about this demo. */
  JsonNode json(String... arguments) throws IOException, InterruptedException {
    return tried(arguments)
        .orElseThrow(() -> new AssertionError(String.join(" ", arguments) + ": failed; " + this));
  }

  /** The same; empty: it failed. */
  Optional<JsonNode> tried(String... arguments) throws IOException, InterruptedException {
    ProcessBuilder builder = heddle(List.of(arguments));
    builder.environment().put("HEDDLE_GRPC", "localhost:" + (port + 1));
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process command = builder.start();
    String said = new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return command.waitFor() == 0
        ? Optional.of(JsonMapper.shared().readTree(said))
        : Optional.empty();
  }

  /** Whether it has said so on standard error. */
  boolean told(String line) {
    return err.stream().anyMatch(said -> said.startsWith(line));
  }

  private static void collect(InputStream stream, List<String> lines) {
    // Not a virtual one: while it waits for a pipe, it holds the thread that carries it.
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (BufferedReader reader =
              new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            reader.lines().forEach(lines::add);
          } catch (IOException e) {
            lines.add("(" + e + ")");
          }
        });
  }

  /** Two neighbouring free ports: for HTTP and gRPC. */
  static int freePorts() {
    return freePorts(2);
  }

  /** The first of so many neighbouring free ports. */
  static int freePorts(int count) {
    int first = Ports.free().port();
    for (int found = 1; found < count; found++) {
      int next = Ports.free().port();
      if (next != first + found) {
        first = next;
        found = 0;
      }
    }
    return first;
  }

  DemoProcess awaitReady() {
    within(START, "ready line of " + this, () -> !process.isAlive() || ready());
    if (!ready()) {
      throw new AssertionError("ended: " + this);
    }
    family();
    return this;
  }

  private boolean ready() {
    return out.contains("heddle ready http://localhost:" + port);
  }

  int awaitExit() throws InterruptedException {
    if (!process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("does not end: " + this);
    }
    return process.exitValue();
  }

  /** The running node processes. */
  List<ProcessHandle> family() {
    try (Stream<ProcessHandle> all = process.descendants()) {
      List<ProcessHandle> alive = all.toList();
      alive.stream().filter(handle -> !family.contains(handle)).forEach(family::add);
      return alive;
    }
  }

  ProcessHandle node(String id) {
    return family().stream()
        .filter(handle -> commandLine(handle).contains("/" + id + ".yaml"))
        .findFirst()
        .orElseThrow();
  }

  static String commandLine(ProcessHandle handle) {
    return handle.info().commandLine().orElse("");
  }

  void awaitNobodyLeft() {
    within(END, "nothing left of " + this, () -> family.stream().noneMatch(ProcessHandle::isAlive));
  }

  HttpResponse<String> asked(String body) throws IOException, InterruptedException {
    return HTTP.send(
        HttpRequest.newBuilder(
                URI.create("http://localhost:" + port + "/v1/datasets/dbpedia/query"))
            .header("content-type", "application/json")
            .timeout(Duration.ofMinutes(2))
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  JsonNode query(String body) throws IOException, InterruptedException {
    HttpResponse<String> response = asked(body);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + ": " + response.body());
    }
    return JsonMapper.shared().readTree(response.body());
  }

  @Override
  public String toString() {
    return "demo " + process.pid() + "\n" + String.join("\n", out) + "\n" + String.join("\n", err);
  }

  /** Whatever a test did, nothing stays. */
  @Override
  public void close() {
    family();
    process.destroyForcibly();
    family.forEach(ProcessHandle::destroyForcibly);
  }
}
