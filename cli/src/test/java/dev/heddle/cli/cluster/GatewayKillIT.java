package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.NodeCommand;
import dev.heddle.cli.testing.TextFrames;
import dev.heddle.process.HostPort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A gateway that is a process of its own, and is killed (-9) under its clients. */
@Timeout(900)
class GatewayKillIT {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
  private static final int CLIENTS = 20;
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @TempDir Path directory;

  @Test
  void clientsOfAKilledGatewayComeBackAtAnotherWithEveryFrame() throws Exception {
    try (var cluster = new TestCluster(directory.resolve("cluster"), 1);
        var http = HttpClient.newHttpClient()) {
      var one = new HostPort("127.0.0.1", TestCluster.freePort());
      var two = new HostPort("127.0.0.1", TestCluster.freePort());
      var lives = cluster.startGateway("gateway-1", one, List.of(one.toString(), two.toString()));
      String here = lives.http().orElseThrow().toString();
      try (var edge = new Edge(lives, new CookieManager());
          var dies = new GatewayProcess(directory.resolve("cluster"), one, two)) {
        var app = "name: chat\nroutes:\n  $default: {function: nobody}\n";
        assertEquals(201, edge.send("PUT", "/v1/apps/chat", "application/yaml", app).statusCode());
        String there = dies.http();
        within(
            PATIENCE,
            "it knows the app",
            () -> status(http, "GET", there, "/v1/apps/chat", "") == 200);
        var clients = new ArrayList<Client>();
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(new Client(http, there, ""));
        }
        List<JsonNode> welcomes = new ArrayList<>();
        for (Client each : clients) {
          welcomes.add(each.next());
        }
        tell(http, here, welcomes, "before");
        for (Client each : clients) {
          assertEquals("before", each.next().path("body").asString());
        }
        dies.kill();
        // The one that is left takes what is for them, though it never had them.
        tell(http, here, welcomes, "while away");
        for (JsonNode welcome : welcomes) {
          String resume = "?offset=1&resume=" + welcome.path("resume").asString();
          var back = new Client(http, here, resume);
          JsonNode again = back.next();
          assertTrue(again.path("recovered").booleanValue(), again.toString());
          assertEquals(welcome.path("connection"), again.path("connection"));
          JsonNode missed = back.next();
          assertEquals("while away", missed.path("body").asString());
          assertEquals(2, missed.path("offset").longValue(), "each once, in order");
          back.socket.abort();
        }
      }
    }
  }

  private static void tell(HttpClient http, String at, List<JsonNode> whom, String text)
      throws Exception {
    for (JsonNode each : whom) {
      String path = "/@connections/" + each.path("connection").asString();
      assertEquals(200, status(http, "POST", at, path, text));
    }
  }

  private static int status(HttpClient http, String method, String at, String path, String body)
      throws Exception {
    return http.send(
            HttpRequest.newBuilder(URI.create("http://" + at + path))
                .timeout(PATIENCE)
                .method(
                    method,
                    body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  /** A second gateway: configured as the first one, but for its name and places. */
  private static final class GatewayProcess implements AutoCloseable {
    private final Process process;
    private final CompletableFuture<String> ready = new CompletableFuture<>();

    GatewayProcess(Path directory, HostPort first, HostPort own) throws IOException {
      String yaml = Files.readString(directory.resolve("gateway-1.yaml"));
      Path config =
          Files.writeString(
              directory.resolve("gateway-2.yaml"),
              yaml.replace("gateway-1", "gateway-2")
                  .replace("address: \"" + first + "\"", "address: \"" + own + "\""));
      var builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "@" + CHECKOUT.resolve("etc/jvm.flags"),
              "-Dheddle.home=" + CHECKOUT,
              "-Xmx256m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "dev.heddle.cli.Main",
              "node",
              "--roles",
              "gateway",
              "--config",
              config.toString());
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      process = builder.redirectErrorStream(true).start();
      // Not a virtual one: while it waits for a pipe, it holds the thread that carries it.
      Thread.ofPlatform().daemon().start(this::read);
    }

    private void read() {
      var said = new StringBuilder();
      try (var lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        String line;
        while ((line = lines.readLine()) != null) {
          said.append(line).append('\n');
          if (line.startsWith(NodeCommand.READY)) {
            ready.complete(line);
          }
        }
      } catch (IOException e) {
        said.append(e);
      }
      ready.completeExceptionally(new AssertionError("ended:\n" + said));
    }

    /** Where its HTTP edge is, once it serves. */
    String http() throws Exception {
      String line = ready.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      return line.substring(line.indexOf(" http=") + " http=".length()).strip();
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private static final class Client {
    private final TextFrames frames = new TextFrames();
    private final WebSocket socket;

    Client(HttpClient http, String at, String query) throws Exception {
      socket =
          http.newWebSocketBuilder()
              .subprotocols("heddle.v1")
              .buildAsync(URI.create("ws://" + at + "/ws/chat" + query), frames)
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    JsonNode next() throws InterruptedException {
      String frame = frames.next(PATIENCE).orElseThrow(() -> new AssertionError("no frame"));
      return JsonMapper.shared().readTree(frame);
    }
  }
}
