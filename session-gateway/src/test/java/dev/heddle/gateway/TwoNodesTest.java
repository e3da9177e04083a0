package dev.heddle.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.KeyRing;
import dev.heddle.internal.v1.AttributeChange;
import dev.heddle.internal.v1.GetAttributesRequest;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SessionAttributesGrpc.SessionAttributesBlockingStub;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Security;
import dev.heddle.process.ServerOptions;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways with API keys, over one session grid. */
@Timeout(300)
class TwoNodesTest {
  private static GatewayFixture one;
  private static GatewayFixture two;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    Path keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    Path apiKeys =
        SharedGrid.secret(
            directory.resolve("api-keys.yaml"),
            """
            keys:
              - {id: a, key: key-of-tenant-acme-1, tenant: acme}
              - {id: b, key: key-of-tenant-beta-2, tenant: beta}
            """);
    Path cluster = SharedGrid.secret(directory.resolve("cluster"), "a:secret-between-the-nodes\n");
    Credentials credentials =
        Credentials.load(new Security(Optional.of(apiKeys), Optional.of(cluster)));
    one =
        new GatewayFixture(
                directory.resolve("1"), config -> with(config, keys, List.of()), credentials)
            .ready();
    two =
        new GatewayFixture(
                directory.resolve("2"),
                config -> with(config, keys, List.of(one.gateway.gridAddress())),
                credentials)
            .ready();
    for (GatewayFixture each : List.of(one, two)) {
      each.coordinator.handlers.put("who", request -> "\"" + request.getSession().getId() + "\"");
    }
  }

  private static GatewayConfig with(GatewayConfig config, Path keys, List<String> members) {
    return new SharedGrid(keys, Duration.ofSeconds(60), true).settings(config, members);
  }

  @AfterAll
  static void stop() {
    two.close();
    one.close();
  }

  private static HttpResponse<String> who(GatewayFixture node, String key, String cookie)
      throws Exception {
    return node.send(
        node.request("POST", "/run/who", "{}")
            .header("Authorization", "Bearer " + key)
            .header("Cookie", cookie));
  }

  @Test
  void aCookieOfOneNodeIsTheSameUserAtTheOtherButNotForAnotherTenant() throws Exception {
    HttpResponse<String> first = who(one, "key-of-tenant-acme-1", "x=y");
    String header = first.headers().firstValue("set-cookie").orElseThrow();
    assertTrue(header.contains("; Secure"), header);
    String cookie = header.substring(0, header.indexOf(';'));
    assertEquals(first.body(), who(two, "key-of-tenant-acme-1", cookie).body());
    HttpResponse<String> other = who(two, "key-of-tenant-beta-2", cookie);
    assertFalse(first.body().equals(other.body()));
  }

  @Test
  void withoutAnApiKeyNobodyPassesTheGuardedDoors() throws Exception {
    for (String path : List.of("/v1/datasets", "/v1/functions", "/v1/apps", "/run/who", "/ws/x")) {
      HttpResponse<String> refused = one.send("GET", path, "");
      assertEquals(401, refused.statusCode(), path);
      assertTrue(refused.headers().firstValue("www-authenticate").orElse("").startsWith("Bearer"));
      assertTrue(refused.body().contains("UNAUTHENTICATED"), refused.body());
    }
    assertEquals(401, who(one, "wrong-key-wrong-key", "x=y").statusCode());
    for (String path : List.of("/healthz", "/readyz", "/metrics")) {
      assertEquals(200, one.send("GET", path, "").statusCode(), path);
    }
    one.coordinator.contexts.clear();
    assertEquals(200, who(one, "key-of-tenant-acme-1", "x=y").statusCode());
    assertEquals("acme", one.coordinator.contexts.poll().tenant());
  }

  /** Remembers why it was closed. */
  private static final class Listener implements WebSocket.Listener {
    final CompletableFuture<Integer> closed = new CompletableFuture<>();

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code);
      return WebSocket.Listener.super.onClose(socket, code, reason);
    }
  }

  @Test
  void aWebSocketShowsItsKeyInTheQueryAndHearsWhenTheNodeStops(@TempDir Path directory)
      throws Exception {
    String yaml = "name: x\nroutes: {a: {dataset: d}}\n";
    var put = one.request("PUT", "/v1/apps/x", yaml);
    assertEquals(
        201, one.send(put.header("Authorization", "Bearer key-of-tenant-acme-1")).statusCode());
    String uri = "ws://127.0.0.1:" + one.gateway.httpPort() + "/ws/x";
    String allowed = uri + "?access_token=key-of-tenant-acme-1";
    one.client.newWebSocketBuilder().buildAsync(URI.create(allowed), new Listener()).join().abort();
    for (String refused : List.of(uri, uri + "?access_token=key-of-tenant-beta-2")) {
      assertThrows(
          CompletionException.class,
          () ->
              one.client
                  .newWebSocketBuilder()
                  .buildAsync(URI.create(refused), new Listener())
                  .join());
    }
    var listener = new Listener();
    try (var third = new GatewayFixture(directory).ready()) {
      third.app("x", yaml);
      var own = URI.create("ws://127.0.0.1:" + third.gateway.httpPort() + "/ws/x");
      third.client.newWebSocketBuilder().buildAsync(own, listener).join();
    }
    assertEquals(1001, listener.closed.get(60, TimeUnit.SECONDS));
  }

  @Test
  void handlersReadAndChangeAttributesThroughTheInternalService() throws Exception {
    String session = who(one, "key-of-tenant-acme-1", "x=y").body().replace("\"", "");
    try (var first = new Attributes(one);
        var second = new Attributes(two)) {
      assertTrue(first.set(session, change("recent", "[1]", null)));
      assertEquals(Map.of("recent", "[1]"), second.get(session));
      assertFalse(second.set(session, change("recent", "[2]", "[0]")));
      assertTrue(second.set(session, change("recent", "[2]", "[1]")));
      assertFalse(second.set(session, change("recent", "[3]", "")));
      assertTrue(second.set(session, change("other", "true", "")));
      assertEquals(Map.of("recent", "[2]", "other", "true"), first.get(session));
      assertTrue(first.set(session, change("other", null, null)));
      assertEquals(Map.of("recent", "[2]"), second.get(session));
      var failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> first.set(session, change("n".repeat(200), "1", null)));
      HeddleException error = GrpcErrors.fromStatus(failure);
      assertEquals(ErrorCode.INVALID_REQUEST, error.code());
    }
  }

  private static AttributeChange change(
      String name, @Nullable String value, @Nullable String expected) {
    AttributeChange.Builder change = AttributeChange.newBuilder().setName(name);
    if (value != null) {
      change.setValue(value);
    }
    if (expected != null) {
      change.setExpected(expected);
    }
    return change.build();
  }

  /** The internal service of a node, as a leaf sees it. */
  private static final class Attributes implements AutoCloseable {
    private final GrpcServer server;
    private final SessionAttributesBlockingStub stub;

    Attributes(GatewayFixture node) {
      server =
          new GrpcServer(
              "internal",
              new HostPort("127.0.0.1", 0),
              node.gateway.internalServices(),
              ServerOptions.internal(Credentials.none()),
              false);
      server.start();
      stub =
          SessionAttributesGrpc.newBlockingStub(
              node.catalogs.channels().to(server.address().toString()));
    }

    boolean set(String session, AttributeChange change) {
      return stub.set(
              SetAttributesRequest.newBuilder()
                  .setTenant("acme")
                  .setSession(session)
                  .addChanges(change)
                  .build())
          .getApplied();
    }

    Map<String, String> get(String session) {
      return stub.get(
              GetAttributesRequest.newBuilder().setTenant("acme").setSession(session).build())
          .getAttributesMap();
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
