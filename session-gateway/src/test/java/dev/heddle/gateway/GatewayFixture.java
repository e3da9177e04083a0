package dev.heddle.gateway;

import dev.heddle.catalog.AppRecord;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.json.Json;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;

/** A gateway with real Jetty, a real catalog and a fake coordinator. */
public final class GatewayFixture implements AutoCloseable {
  static {
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
  }

  private final Closer closer = new Closer();
  public final LocalCatalog catalogs;
  public final CatalogClient catalog;
  public final FakeCoordinator coordinator;
  public final Channels channels;
  public final SessionGateway gateway;
  public final Telemetry telemetry;
  public final HttpClient client = newClient();

  /** A client that may name any host, as this class has seen to. */
  public static HttpClient newClient() {
    return HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();
  }

  public GatewayFixture(Path directory) {
    this(directory, UnaryOperator.identity(), Credentials.none());
  }

  public GatewayFixture(
      Path directory, UnaryOperator<GatewayConfig> settings, Credentials credentials) {
    catalogs = closer.register("catalog", LocalCatalog.start(directory.resolve("catalog")));
    catalog = catalogs.client();
    coordinator = closer.register("coordinator", new FakeCoordinator(credentials));
    channels = closer.register("channels", new Channels(credentials));
    channels.local(coordinator.server());
    telemetry = closer.register("telemetry", new Telemetry());
    GatewayConfig config = withPort(GatewayConfig.defaults());
    gateway =
        closer.register(
            "gateway",
            new SessionGateway(
                settings.apply(config),
                "gw",
                catalog,
                channels,
                telemetry,
                credentials,
                Ticker.system(),
                Clock.systemUTC()));
    gateway.start();
  }

  private static GatewayConfig withPort(GatewayConfig config) {
    return new GatewayConfig(
        new HostPort("127.0.0.1", 0),
        config.pages(),
        config.hazelcast(),
        config.session(),
        config.limits(),
        config.webSocket(),
        config.deadlines(),
        List.of("https://app.example.org"),
        List.of("search.example.org"));
  }

  /** Makes the coordinator known. */
  public GatewayFixture ready() {
    catalog.register(
        new NodeRecord(
            "gw",
            "i1",
            Set.of("gateway", "coordinator"),
            "127.0.0.1:7000",
            coordinator.address(),
            "",
            ""),
        Duration.ofMinutes(5));
    Eventually.eventually("the node is known", () -> catalog.view().node("gw").isPresent());
    return this;
  }

  public void app(String name, String yaml) {
    String digest = "d" + Integer.toHexString(yaml.hashCode());
    LocalCatalog.write(catalog, List.of(Change.put(new AppRecord("default", name, digest, yaml))));
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + gateway.httpPort() + path);
  }

  public HttpRequest.Builder request(String method, String path, String body) {
    return HttpRequest.newBuilder(uri(path))
        .timeout(Duration.ofMinutes(2))
        .method(
            method,
            body.isEmpty()
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(body));
  }

  public HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  public HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return send(request(method, path, body));
  }

  public static JsonNode json(HttpResponse<String> response) {
    return Json.parse(response.body());
  }

  @Override
  public void close() {
    closer.close();
  }
}
