package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ForbiddenException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.PayloadTooLargeException;

/** The client of AWS API Gateway, as it is, against {@code /@connections}. */
@Timeout(60)
class AwsSdkTest {
  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = new GatewayFixture(directory).readyForPeers();
    library = SocketClient.library();
    fixture.app(
        "chat",
        """
        name: chat
        routes:
          $connect: {function: hello}
          $default: {function: echo}
        """);
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
  }

  /** As users make it of an event: {@code https://domainName/stage}. */
  private static ApiGatewayManagementApiClient sdk(String stage) {
    return ApiGatewayManagementApiClient.builder()
        .endpointOverride(
            URI.create("http://127.0.0.1:" + fixture.gateway.httpPort() + "/" + stage))
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIAEXAMPLE", "secret")))
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  private static void post(ApiGatewayManagementApiClient sdk, String id, String text) {
    var _ = sdk.postToConnection(call -> call.connectionId(id).data(SdkBytes.fromUtf8String(text)));
  }

  @Test
  void theSdkSpeaksToConnections() throws Exception {
    for (String stage : List.of("", "$default", "production")) {
      for (String kind : List.of("", "heddle.v1")) {
        try (var sdk = sdk(stage)) {
          speak(sdk, kind);
        }
      }
    }
  }

  private static void speak(ApiGatewayManagementApiClient sdk, String kind) throws Exception {
    var knocking = new AtomicReference<String>("");
    fixture.coordinator.handlers.put(
        "hello",
        request -> {
          var event = Json.parse(request.getEventJson().toByteArray());
          knocking.set(event.at("/requestContext/connectionId").asString());
          post(sdk, knocking.get(), "welcome");
          return "{\"statusCode\":200}";
        });
    var socket =
        SocketClient.connect(library, fixture.gateway.httpPort(), "/ws/chat", kind, Map.of());
    if (!kind.isEmpty()) {
      socket.next();
    }
    String id = knocking.get();
    post(sdk, id, "grüße");
    for (String expected : List.of("welcome", "grüße")) {
      String frame = socket.nextText();
      assertEquals(expected, kind.isEmpty() ? frame : Json.parse(frame).path("body").asString());
    }
    var found = sdk.getConnection(call -> call.connectionId(id));
    assertEquals("127.0.0.1", found.identity().sourceIp());
    assertTrue(found.identity().userAgent().startsWith("Jetty"), found.toString());
    assertTrue(!found.connectedAt().isAfter(Instant.now()), found.toString());
    assertTrue(!found.lastActiveAt().isBefore(found.connectedAt()), found.toString());

    var large = "x".repeat((128 << 10) + 1);
    assertThrows(PayloadTooLargeException.class, () -> post(sdk, id, large));
    assertThrows(ForbiddenException.class, () -> post(sdk, "L0SM9cOFvHcCIhw=", "x"));

    assertEquals(
        204, sdk.deleteConnection(call -> call.connectionId(id)).sdkHttpResponse().statusCode());
    assertEquals(CloseCodes.NORMAL, socket.awaitClose());
    var gone = assertThrows(GoneException.class, () -> post(sdk, id, "late"));
    assertTrue(String.valueOf(gone.getMessage()).contains("it is over"), gone.toString());
    assertThrows(GoneException.class, () -> sdk.getConnection(call -> call.connectionId(id)));
  }
}
