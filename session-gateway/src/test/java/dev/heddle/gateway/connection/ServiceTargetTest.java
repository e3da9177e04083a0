package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.backend.ServiceTargets;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Apps whose routes lead to an HTTP service: the gateway without any function. */
@Timeout(60)
class ServiceTargetTest {
  private static final Queue<JsonNode> EVENTS = new ConcurrentLinkedQueue<>();
  private static final Queue<String> TENANTS = new ConcurrentLinkedQueue<>();
  private static HttpServer service;
  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    service.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    service.createContext("/", ServiceTargetTest::serve);
    service.start();
    fixture =
        new GatewayFixture(directory, ServiceTargetTest::settings, Credentials.none()).ready();
    library = SocketClient.library();
  }

  private static String origin() {
    return "http://127.0.0.1:" + service.getAddress().getPort();
  }

  private static GatewayConfig settings(GatewayConfig config) {
    var services =
        new ServiceTargets(List.of(origin()), Duration.ofSeconds(3), DataSize.parse("1KiB"));
    return GatewaySettings.of(config).services(services).config();
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
    service.stop(0);
  }

  private static void serve(HttpExchange exchange) throws IOException {
    EVENTS.add(Json.parse(exchange.getRequestBody().readAllBytes()));
    TENANTS.add(exchange.getRequestHeaders().getFirst("Heddle-Tenant"));
    switch (exchange.getRequestURI().getPath()) {
      case "/echo" -> answer(exchange, 200, "{\"body\":\"echo\"}");
      case "/nothing" -> answer(exchange, 204, "");
      case "/gate" -> answer(exchange, 200, "{\"statusCode\":200}");
      case "/closed" -> answer(exchange, 401, "<html>go away</html>");
      case "/fails" -> answer(exchange, 500, "a secret of the service");
      case "/large" -> answer(exchange, 200, "{\"body\":\"" + "x".repeat(2_000) + "\"}");
      case "/html" -> answer(exchange, 200, "<html></html>");
      case "/moved" -> {
        exchange.getResponseHeaders().add("Location", "/echo");
        answer(exchange, 302, "");
      }
      case "/hangs" -> exchange.getRequestHeaders();
      // Ends the connection without an answer.
      default -> exchange.close();
    }
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static SocketClient connect(String app) throws Exception {
    return SocketClient.connect(library, fixture.gateway.httpPort(), "/ws/" + app, "", Map.of());
  }

  private static int deploy(String name, String routes) throws Exception {
    return fixture
        .send("PUT", "/v1/apps/" + name, "name: " + name + "\nroutes:\n" + routes)
        .statusCode();
  }

  private static String route(String name, String path) {
    return "  " + name + ": {http: \"" + origin() + path + "\"}\n";
  }

  @Test
  void getsEventsAndAnswersAsHandlersDo() throws Exception {
    String routes =
        route("$connect", "/gate")
            + route("echo", "/echo?x=1")
            + route("nothing", "/nothing")
            + route("$disconnect", "/nothing");
    assertEquals(201, deploy("service", routes));
    EVENTS.clear();
    TENANTS.clear();
    try (var socket = connect("service")) {
      socket.send("{\"action\":\"nothing\"}");
      socket.send("{\"action\":\"echo\"}");
      assertEquals("echo", socket.nextText());
      assertEquals(
          List.of("$connect", "nothing", "echo"),
          EVENTS.stream().map(event -> event.at("/requestContext/routeKey").asString()).toList());
    }
    Eventually.eventually("the service hears of the goodbye", () -> TENANTS.size() == 4);
    assertEquals(Set.of("default"), Set.copyOf(TENANTS));
  }

  @Test
  void failuresAreErrorFramesThatTellNothingOfTheService() throws Exception {
    String routes =
        route("fails", "/fails")
            + route("large", "/large")
            + route("html", "/html")
            + route("moved", "/moved")
            + route("hangs", "/hangs")
            + route("drops", "/drops")
            + "  again: {http: \""
            + origin()
            + "/drops\", idempotent: true}\n";
    assertEquals(201, deploy("failing", routes));
    Map<String, String> expected =
        Map.of(
            "fails", "FUNCTION_FAILED",
            "large", "TOO_LARGE",
            "html", "FUNCTION_FAILED",
            "moved", "FUNCTION_FAILED",
            "hangs", "DEADLINE_EXCEEDED",
            "drops", "UNAVAILABLE");
    try (var socket = connect("failing")) {
      for (var each : expected.entrySet()) {
        EVENTS.clear();
        socket.send("{\"action\":\"" + each.getKey() + "\",\"id\":7}");
        JsonNode frame = socket.next();
        assertEquals(each.getValue(), frame.at("/error/name").asString(), frame.toString());
        assertEquals(7, frame.path("id").intValue());
        assertTrue(!frame.toString().contains("secret"), frame.toString());
        String message = frame.at("/error/message").asString();
        assertTrue(!message.contains("127.0.0.1") && !message.contains("http:"), message);
        assertEquals(1, EVENTS.size(), "once: " + each.getKey());
      }
      EVENTS.clear();
      socket.send("{\"action\":\"again\"}");
      assertEquals("UNAVAILABLE", socket.next().at("/error/name").asString());
      assertEquals(2, EVENTS.size(), "a route that says idempotent is called once more");
    }
  }

  @Test
  void theServicesStatusRefusesAClient() throws Exception {
    assertEquals(201, deploy("closed", route("$connect", "/closed") + route("a", "/echo")));
    assertEquals(
        401, assertThrows(UpgradeException.class, () -> connect("closed")).getResponseStatusCode());
  }

  @Test
  void onlyServicesThatTheOperatorAllowsCanBeNamed() throws Exception {
    for (String url :
        List.of(
            "http://127.0.0.1:1/", origin().replace("127.0.0.1", "localhost"), "http://[::1]/")) {
      assertEquals(403, deploy("bad", "  a: {http: \"" + url + "\"}\n"), url);
    }
    // One that came into the catalog elsewhere is refused when it is called.
    fixture.app("smuggled", "name: smuggled\nroutes: {a: {http: 'http://127.0.0.1:1/'}}\n");
    try (var socket = connect("smuggled")) {
      socket.send("{\"action\":\"a\"}");
      JsonNode frame = socket.next();
      assertEquals("FORBIDDEN", frame.at("/error/name").asString());
      assertTrue(frame.at("/error/message").asString().contains("route a"), frame.toString());
      assertTrue(!frame.toString().contains("127.0.0.1"), frame.toString());
    }
  }
}
