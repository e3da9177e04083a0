package dev.heddle.gateway.connection;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.process.Credentials;
import dev.heddle.process.Security;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.websocket.client.WebSocketClient;

/** Two gateways with one catalog, one grid, API keys of two tenants, and a manual clock. */
final class TwoGateways {
  static final String ACME = "key-of-tenant-acme-1";
  static final String BETA = "key-of-tenant-beta-2";

  final ManualClock clock = new ManualClock(Instant.parse("2026-11-21T12:00:00Z"));
  final GatewayFixture one;
  final GatewayFixture two;
  final WebSocketClient library;

  TwoGateways(Path directory) throws Exception {
    this(directory, UnaryOperator.identity());
  }

  /**
   * As above.
   *
   * @param settings made of those that they have in common
   */
  TwoGateways(Path directory, UnaryOperator<GatewayConfig> settings) throws Exception {
    Path keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    Path apiKeys =
        SharedGrid.secret(
            directory.resolve("api-keys.yaml"),
            "keys:\n  - {id: a, key: %s, tenant: acme}\n  - {id: b, key: %s, tenant: beta}\n"
                .formatted(ACME, BETA));
    Path cluster = SharedGrid.secret(directory.resolve("cluster"), "a:secret-between-the-nodes\n");
    var credentials = Credentials.load(new Security(Optional.of(apiKeys), Optional.of(cluster)));
    var grid = new SharedGrid(keys, Duration.ofSeconds(10), false);
    one =
        new GatewayFixture(
                directory,
                config -> settings.apply(grid.settings(config, List.of())),
                credentials,
                clock)
            .readyForPeers();
    two =
        one.beside(
                "gw2",
                config -> settings.apply(grid.settings(config, List.of(one.gateway.gridAddress()))))
            .readyForPeers();
    library = SocketClient.library();
  }

  List<GatewayFixture> both() {
    return List.of(one, two);
  }

  /** An app that both know. */
  void app(String tenant, String name, String yaml) {
    one.app(tenant, name, yaml);
    Eventually.eventually(
        "the app is known", () -> two.catalog.view().app(tenant, name).isPresent());
  }

  SocketClient socket(GatewayFixture at, String app, String query, String protocol)
      throws Exception {
    String path = "/ws/" + app + "?access_token=" + ACME + query;
    return SocketClient.connect(library, at.gateway.httpPort(), path, protocol, Map.of());
  }

  void close() throws Exception {
    library.stop();
    two.close();
    one.close();
  }
}
