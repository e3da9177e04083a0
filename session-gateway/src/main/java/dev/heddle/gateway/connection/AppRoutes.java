package dev.heddle.gateway.connection;

import dev.heddle.catalog.AppRecord;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.Change;
import dev.heddle.gateway.backend.ServiceClient;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.Route;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import tools.jackson.core.JsonGenerator;

/** {@code /v1/apps}: apps are kept in the catalog as their authors wrote them. */
public final class AppRoutes {
  private static final DataSize MAX_YAML = DataSize.parse("256KiB");
  private static final Duration VISIBLE = Duration.ofSeconds(5);

  private final CatalogClient catalog;
  private final ServiceClient services;
  private final Ticker ticker;

  public AppRoutes(CatalogClient catalog, ServiceClient services, Ticker ticker) {
    this.catalog = catalog;
    this.services = services;
    this.ticker = ticker;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route("GET", "/v1/apps", true, this::list),
        new Route("PUT", "/v1/apps/{app}", true, this::put),
        new Route("GET", "/v1/apps/{app}", true, this::get),
        new Route("DELETE", "/v1/apps/{app}", true, this::delete));
  }

  private void list(Exchange exchange) {
    List<AppRecord> apps = catalog.known().apps(exchange.tenant());
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeArrayPropertyStart("apps");
          apps.forEach(app -> write(json, app, false));
          json.writeEndArray();
          json.writeEndObject();
        }));
  }

  private void get(Exchange exchange) {
    AppRecord app = find(exchange);
    exchange.json(200, Json.write(json -> write(json, app, true)));
  }

  private void put(Exchange exchange) throws IOException, InterruptedException {
    String name = exchange.parameter("app");
    String yaml = new String(exchange.body(MAX_YAML), StandardCharsets.UTF_8);
    AppSpec spec = AppYaml.parse(yaml);
    if (!spec.name().equals(name)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "name: " + spec.name() + " (expected: " + name + ", as in the path)");
    }
    for (AppSpec.Target target : spec.routes().values()) {
      if (target instanceof AppSpec.Target.Service service) {
        services.check(service.uri());
      }
    }
    var app = new AppRecord(exchange.tenant(), name, digest(yaml), yaml);
    boolean known = catalog.known().app(exchange.tenant(), name).isPresent();
    write(Change.put(app));
    exchange.json(known ? 200 : 201, Json.write(json -> write(json, app, false)));
  }

  private void delete(Exchange exchange) throws InterruptedException {
    find(exchange);
    write(Change.delete(CatalogKeys.app(exchange.tenant(), exchange.parameter("app"))));
    exchange.empty(204);
  }

  /** Returns once this node serves the change. */
  private void write(Change change) throws InterruptedException {
    catalog.awaitRevision(catalog.write(List.of(change)), Deadline.after(VISIBLE, ticker));
  }

  private AppRecord find(Exchange exchange) {
    String name = exchange.parameter("app");
    return catalog
        .known()
        .app(exchange.tenant(), name)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNKNOWN_APP, "app: " + name + " (expected: a deployed app)"));
  }

  private static void write(JsonGenerator json, AppRecord app, boolean text) {
    json.writeStartObject();
    json.writeStringProperty("name", app.name());
    json.writeStringProperty("digest", app.digest());
    json.writeArrayPropertyStart("routes");
    new TreeSet<>(AppYaml.parse(app.yaml()).routes().keySet()).forEach(json::writeString);
    json.writeEndArray();
    if (text) {
      json.writeStringProperty("yaml", app.yaml());
    }
    json.writeEndObject();
  }

  private static String digest(String yaml) {
    try {
      byte[] bytes = yaml.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the platform lacks SHA-256", e);
    }
  }
}
