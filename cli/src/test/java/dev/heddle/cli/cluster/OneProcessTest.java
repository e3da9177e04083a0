package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.Node;
import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Ticker;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All roles in one process, where invocations run on the threads of their callers. */
@Timeout(300)
class OneProcessTest {
  /** Handlers of this process tell the test what became of them by properties. */
  private static final String PREFIX = "heddle.test.oneprocess.";

  @TempDir private static Path directory;
  private static final Closer CLOSER = new Closer();
  private static Node node;
  private static Edge edge;
  private static Channels channels;

  @BeforeAll
  static void start() throws Exception {
    var yaml =
        """
        node: all
        directory: %s
        internal: 127.0.0.1:0
        replication: 127.0.0.1:0
        grpc: 127.0.0.1:0
        lease: 20s
        catalog: {bootstrap: true, seeds: []}
        gateway: {http: "127.0.0.1:0"}
        """
            .formatted(directory.resolve("all"));
    var file = Files.writeString(directory.resolve("all.yaml"), yaml);
    var roles = Set.of(Role.GATEWAY, Role.COORDINATOR, Role.LEAF);
    node =
        CLOSER.register(
            "node",
            new Node(NodeConfig.read(file, roles), roles, Ticker.system(), Clock.systemUTC()));
    node.start();
    node.awaitKnown();
    channels = CLOSER.register("channels", new Channels(Credentials.none()));
    edge =
        CLOSER.register("edge", new Edge(node, new CookieManager(null, CookiePolicy.ACCEPT_ALL)));
    deploy(
        "waits",
        "",
        """
        String key = "%s" + event.object().get("key");
        System.setProperty(key, "runs");
        try {
          new java.util.concurrent.CountDownLatch(1).await();
          System.setProperty(key, "slept");
        } catch (InterruptedException e) {
          System.setProperty(key, "interrupted");
          throw e;
        }
        return null;
        """
            .formatted(PREFIX));
    deploy("outer", "", "return context.invoke(\"waits\", event.json());");
    deploy(
        "short",
        "timeout: 200ms\n",
        "new java.util.concurrent.CountDownLatch(1).await(); return null;");
    deploy("echo", "", "return event.json();");
    deploy(
        "finds",
        "",
        """
        var found = context.data().query(
            "books", Map.of("query", Map.of("match", Map.of("title", event.object().get("find")))));
        return Map.of("hits", ((List<?>) found.get("hits")).size());
        """);
    Books.create(channels.to(node.grpc().orElseThrow().toString()), "books", 1);
  }

  @AfterAll
  static void stop() {
    CLOSER.close();
  }

  private static void deploy(String name, String manifest, String body) throws Exception {
    String type = name.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + name.substring(1);
    var _ =
        Sources.deploy(
            channels.to(node.grpc().orElseThrow().toString()),
            Sources.compile(
                Files.createTempDirectory(directory, name),
                "name: " + name + "\nruntime: java\nentry: sample." + type + "\n" + manifest,
                "sample." + type,
                """
                package sample;
                import dev.heddle.function.*;
                import java.util.List;
                import java.util.Map;
                public final class %s implements Handler {
                  public Object handle(Event event, Context context) throws Exception {
                    %s
                  }
                }
                """
                    .formatted(type, body)));
  }

  private static String became(String key) {
    return System.getProperty(PREFIX + key, "");
  }

  /** Sends a request and closes the connection once the function runs. */
  private static void callAndGoAway(String function, String key) throws Exception {
    var http = node.http().orElseThrow();
    var body = "{\"key\": \"" + key + "\"}";
    try (var socket = new Socket(http.host(), http.port())) {
      var request =
          "POST /run/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(function, http, body.length(), body);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      eventually("it runs", () -> became(key).equals("runs"));
    }
  }

  @Test
  void aClientThatGoesAwayStopsItsFunction() throws Exception {
    callAndGoAway("waits", "gone");
    eventually("it was stopped", () -> became("gone").equals("interrupted"));
  }

  @Test
  void aClientThatGoesAwayStopsWhatItsFunctionCalled() throws Exception {
    callAndGoAway("outer", "within");
    eventually("it was stopped", () -> became("within").equals("interrupted"));
  }

  @Test
  void aFunctionEndsAtItsTimeoutWithABill() throws Exception {
    var late = edge.post("/run/short", "{}");
    assertEquals("FUNCTION_TIMED_OUT", Edge.json(late).at("/error/name").stringValue(), late::body);
    assertTrue(late.headers().firstValue("heddle-bill").isPresent());
    // Its thread is as good as before.
    assertEquals("{\"a\":1}", edge.post("/run/echo", "{\"a\":1}").body());
  }

  @Test
  void aFunctionSeesWhatItsSessionHasWritten() throws Exception {
    assertEquals("1", edge.post("/run/echo", "1").body());
    for (int i = 0; i < 10; i++) {
      var title = "title" + i;
      var written =
          edge.send(
              "PUT",
              "/v1/datasets/books/docs/" + i,
              "application/json",
              "{\"title\": \"" + title + "\"}");
      assertEquals(2, written.statusCode() / 100, written::body);
      var found = edge.post("/run/finds", "{\"find\": \"" + title + "\"}");
      assertEquals(1, Edge.json(found).path("hits").intValue(), found::body);
      assertFalse(found.headers().firstValue("heddle-position").orElse("").isEmpty());
    }
  }
}
