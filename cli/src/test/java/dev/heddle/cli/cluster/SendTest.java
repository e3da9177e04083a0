package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.cli.node.Node;
import dev.heddle.cli.testing.TextFrames;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.CloseConnectionRequest;
import dev.heddle.v1.GetConnectionRequest;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SessionsGrpc;
import io.grpc.StatusRuntimeException;
import java.net.CookieManager;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Functions, and services over gRPC, that speak to connections of gateways that they do not know.
 */
@Timeout(120)
class SendTest {
  @TempDir Path directory;

  @Test
  void functionsAndServicesReachTheConnectionsOfEveryGateway() throws Exception {
    var relay =
        Sources.compile(
            Files.createDirectory(directory.resolve("relay")),
            "name: relay\nruntime: java\nentry: sample.Relay\n",
            "sample.Relay",
            """
            package sample;
            import dev.heddle.function.*;
            import java.util.Map;
            public final class Relay implements Handler {
              public Object handle(Event event, Context context) {
                String body = event.object().string("body");
                JsonObject frame = new Event(context.parseJson(body)).object();
                String from =
                    event.object().object("requestContext").orElseThrow().string("connectionId");
                if (frame.get("to") == null) {
                  return Map.of("body", from);
                }
                var message = Map.of("from", from, "text", frame.string("text"));
                context.send(frame.string("to"), message);
                return Map.of("body", "sent");
              }
            }
            """);
    try (var cluster = new TestCluster(directory.resolve("cluster"), 1)) {
      Sources.deploy(cluster.grpc(), relay);
      var one = new HostPort("127.0.0.1", TestCluster.freePort());
      var two = new HostPort("127.0.0.1", TestCluster.freePort());
      var members = List.of(one.toString(), two.toString());
      Node first = cluster.startGateway("gateway-1", one, members);
      Node second = cluster.startGateway("gateway-2", two, members);
      try (var edge = new Edge(first, new CookieManager());
          var other = new Edge(second, new CookieManager())) {
        var app = "name: chat\nroutes:\n  relay: {function: relay}\n";
        assertEquals(201, edge.send("PUT", "/v1/apps/chat", "application/yaml", app).statusCode());
        Eventually.eventually(
            "the other gateway knows the app",
            () -> other.send("GET", "/v1/apps/chat", "text/plain", "").statusCode() == 200);
        try (var plain = new Client(edge, "");
            var resumable = new Client(other, "heddle.v1")) {
          speaks(cluster, plain, resumable);
        }
      }
    }
  }

  private static void speaks(TestCluster cluster, Client plain, Client resumable) throws Exception {
    plain.say("{\"action\":\"relay\"}");
    String plainId = plain.next();
    String resumableId = json(resumable.next()).path("connection").asString();

    plain.say("{\"action\":\"relay\",\"to\":\"" + resumableId + "\",\"text\":\"hello\"}");
    assertEquals("sent", plain.next());
    JsonNode told = json(json(resumable.next()).path("body").asString());
    assertEquals(plainId, told.path("from").asString());
    assertEquals("hello", told.path("text").asString());
    resumable.say("{\"action\":\"relay\",\"to\":\"" + plainId + "\",\"text\":\"thanks\"}");
    assertEquals("thanks", json(plain.next()).path("text").asString());
    assertEquals("sent", json(resumable.next()).path("body").asString());

    speaksOverGrpc(cluster, plain, plainId, resumable, resumableId);
    resumable.say("{\"action\":\"relay\",\"to\":\"" + plainId + "\",\"text\":\"late\"}");
    JsonNode failed = json(json(resumable.next()).path("body").asString());
    assertTrue(failed.path("error").toString().contains("it is over"), failed.toString());
  }

  private static void speaksOverGrpc(
      TestCluster cluster, Client plain, String plainId, Client resumable, String resumableId)
      throws Exception {
    var sessions = SessionsGrpc.newBlockingStub(cluster.grpc());
    for (String id : List.of(plainId, resumableId)) {
      var _ =
          sessions
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .send(
                  SendRequest.newBuilder()
                      .setConnection(id)
                      .setPayload(ByteString.copyFromUtf8("by grpc"))
                      .build());
      var found = sessions.get(GetConnectionRequest.newBuilder().setConnection(id).build());
      assertEquals("chat", found.getApp());
      assertEquals(id.equals(resumableId), found.getResumable());
      assertTrue(found.getAttached());
      assertTrue(!found.getSession().isEmpty());
    }
    assertEquals("by grpc", plain.next());
    assertEquals("by grpc", json(resumable.next()).path("body").asString());
    var close = CloseConnectionRequest.newBuilder().setConnection(plainId).build();
    var _ = sessions.close(close);
    assertEquals(1000, plain.frames.closed().get(20, TimeUnit.SECONDS));
    var gone = assertThrows(StatusRuntimeException.class, () -> sessions.close(close));
    assertEquals(ErrorCode.GONE, GrpcErrors.fromStatus(gone).code());
    var forged = GetConnectionRequest.newBuilder().setConnection("x".repeat(36)).build();
    var refused = assertThrows(StatusRuntimeException.class, () -> sessions.get(forged));
    assertEquals(ErrorCode.FORBIDDEN, GrpcErrors.fromStatus(refused).code());
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  /** An open socket keeps its HTTP client from closing. */
  private static final class Client implements AutoCloseable {
    private final TextFrames frames = new TextFrames();
    private final WebSocket socket;

    Client(Edge edge, String protocol) throws Exception {
      var builder = edge.client().newWebSocketBuilder();
      if (!protocol.isEmpty()) {
        builder.subprotocols(protocol);
      }
      socket = builder.buildAsync(edge.webSocket("chat"), frames).get(10, TimeUnit.SECONDS);
    }

    void say(String frame) throws Exception {
      socket.sendText(frame, true).get(10, TimeUnit.SECONDS);
    }

    String next() throws InterruptedException {
      return frames.next(Duration.ofSeconds(20)).orElseThrow(() -> new AssertionError("no frame"));
    }

    @Override
    public void close() {
      socket.abort();
    }
  }
}
