package dev.heddle.gateway;

import dev.heddle.catalog.AppRecord;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.internal.v1.AttributeChange;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.json.Json;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import io.grpc.Channel;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;

/** A gateway with real Jetty, a real catalog and a fake coordinator. */
public final class GatewayFixture implements AutoCloseable {
  static {
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
  }

  /** Less than what the gateway closes connections after. */
  private static final Duration IDLE = Duration.ofSeconds(30);

  private final AtomicLong lastAnswer = new AtomicLong(System.nanoTime());
  private final Closer closer = new Closer();
  private boolean owned;
  private final Credentials credentials;
  private final Clock clock;
  private final Ticker ticker;
  private final String node;
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
    this(directory, settings, credentials, Clock.systemUTC());
  }

  public GatewayFixture(
      Path directory, UnaryOperator<GatewayConfig> settings, Credentials credentials, Clock clock) {
    this(directory, settings, credentials, clock, Ticker.system());
  }

  public GatewayFixture(
      Path directory,
      UnaryOperator<GatewayConfig> settings,
      Credentials credentials,
      Clock clock,
      Ticker ticker) {
    this(
        LocalCatalog.start(directory.resolve("catalog")),
        "gw",
        settings,
        credentials,
        clock,
        ticker);
    owned = true;
  }

  /**
   * Another gateway in the same catalog; to be closed before this one.
   *
   * @param settings made of the defaults
   */
  public GatewayFixture beside(String other, UnaryOperator<GatewayConfig> settings) {
    return new GatewayFixture(catalogs, other, settings, credentials, clock, ticker);
  }

  private GatewayFixture(
      LocalCatalog catalogs,
      String node,
      UnaryOperator<GatewayConfig> settings,
      Credentials credentials,
      Clock clock,
      Ticker ticker) {
    this.credentials = credentials;
    this.clock = clock;
    this.ticker = ticker;
    this.node = node;
    this.catalogs = catalogs;
    catalog = catalogs.client();
    coordinator = closer.register("coordinator", new FakeCoordinator(credentials));
    channels = closer.register("channels", new Channels(credentials));
    channels.local(coordinator.server());
    telemetry = closer.register("telemetry", new Telemetry());
    gateway =
        closer.register(
            "gateway",
            new SessionGateway(
                settings.apply(defaults()),
                node,
                catalog,
                channels,
                telemetry,
                credentials,
                ticker,
                clock));
    gateway.start();
  }

  private static GatewayConfig defaults() {
    return GatewaySettings.of(GatewayConfig.defaults())
        .anyPort()
        .allowed(List.of("https://app.example.org"), List.of("search.example.org"))
        .config();
  }

  /**
   * Sets an attribute of a session of the default tenant, as a handler would.
   *
   * @param json its value
   */
  public void login(String session, String attribute, String json) {
    login("default", session, attribute, json);
  }

  /** Sets an attribute of a session of a tenant. */
  public void login(String tenant, String session, String attribute, String json) {
    var _ =
        SessionAttributesGrpc.newBlockingStub(internal())
            .set(
                SetAttributesRequest.newBuilder()
                    .setTenant(tenant)
                    .setSession(session)
                    .addChanges(AttributeChange.newBuilder().setName(attribute).setValue(json))
                    .build());
  }

  /** To the gateway's services for nodes. */
  public Channel internal() {
    return channels.to(catalog.view().node(node).orElseThrow().internal());
  }

  /** Makes the coordinator known. */
  public GatewayFixture ready() {
    return ready("127.0.0.1:7000");
  }

  /** Makes the coordinator known, and the gateway's internal services to other gateways. */
  public GatewayFixture readyForPeers() {
    var internal =
        new GrpcServer(
            "internal",
            new HostPort("127.0.0.1", 0),
            gateway.internalServices(),
            ServerOptions.internal(credentials),
            false);
    internal.start();
    // Below the gateway, which says goodbye while others can still ask it.
    closer.register("internal", internal);
    closer.register("gateway first", gateway);
    return ready(internal.address().toString());
  }

  private GatewayFixture ready(String internal) {
    catalog.register(
        new NodeRecord(
            node, "i1", Set.of("gateway", "coordinator"), internal, coordinator.address(), "", ""),
        Duration.ofMinutes(5));
    Eventually.eventually("the node is known", () -> catalog.view().node(node).isPresent());
    return this;
  }

  public void app(String name, String yaml) {
    app("default", name, yaml);
  }

  public void app(String tenant, String name, String yaml) {
    String digest = "d" + Integer.toHexString(yaml.hashCode());
    LocalCatalog.write(catalog, List.of(Change.put(new AppRecord(tenant, name, digest, yaml))));
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

  /**
   * Sends it again, as browsers do, if the connection was idle for so long that the gateway may
   * have closed it: whoever's machine stood still cannot know.
   */
  public HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    long before = lastAnswer.get();
    long began = System.nanoTime();
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      long now = System.nanoTime();
      if (now - before > IDLE.toNanos()) {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      }
      throw new IOException(
          "after %d ms; the last answer came %d ms before it"
              .formatted((now - began) / 1_000_000, (began - before) / 1_000_000),
          e);
    } finally {
      lastAnswer.set(System.nanoTime());
    }
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
    if (owned) {
      catalogs.close();
    }
  }
}
