package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogGrpcClient;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.SessionGateway;
import dev.heddle.json.Json;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

@Timeout(300)
class ReadinessTest {
  @Test
  void aNodeWithoutCatalogSaysWhyItIsNotReady() throws Exception {
    try (var closer = new Closer();
        var client = GatewayFixture.newClient()) {
      Channels channels = closer.register("channels", new Channels(Credentials.none()));
      CatalogClient catalog =
          closer.register(
              "catalog", CatalogGrpcClient.connect(channels, "127.0.0.1:1", Ticker.system()));
      SessionGateway gateway = closer.register("gateway", gateway(catalog, channels));
      gateway.start();
      var ready = URI.create("http://127.0.0.1:" + gateway.httpPort() + "/readyz");
      Eventually.eventually(
          "it says whom it cannot reach",
          () -> {
            HttpResponse<String> response =
                client.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.ofString());
            JsonNode reason = Json.parse(response.body()).at("/reasons/0");
            assertEquals(503, response.statusCode());
            assertTrue(reason.asString().startsWith("catalog at 127.0.0.1:1: "), response.body());
            return !reason.asString().endsWith("not asked yet");
          });
    }
  }

  private static SessionGateway gateway(CatalogClient catalog, Channels channels) {
    return new SessionGateway(
        GatewaySettings.of(GatewayConfig.defaults()).anyPort().config(),
        "gw",
        catalog,
        channels,
        new Telemetry(),
        Credentials.none(),
        Ticker.system(),
        Clock.systemUTC());
  }
}
