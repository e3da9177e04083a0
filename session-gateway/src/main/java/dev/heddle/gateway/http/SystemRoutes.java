package dev.heddle.gateway.http;

import dev.heddle.json.Json;
import dev.heddle.process.Telemetry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** {@code /healthz}, {@code /readyz}, {@code /metrics}. */
public final class SystemRoutes {
  private final Telemetry telemetry;
  private final Supplier<List<String>> missing;

  /**
   * Takes what it tells about.
   *
   * @param missing why the node is not ready; empty: it is
   */
  public SystemRoutes(Telemetry telemetry, Supplier<List<String>> missing) {
    this.telemetry = telemetry;
    this.missing = missing;
  }

  /** What machines ask every few seconds: nothing that anybody traces. */
  static final Set<String> PROBES = Set.of("/healthz", "/readyz", "/metrics");

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route("GET", "/healthz", false, SystemRoutes::health),
        new Route("GET", "/readyz", false, this::ready),
        new Route("GET", "/metrics", false, this::metrics));
  }

  private static void health(Exchange exchange) {
    exchange.json(200, "{\"status\":\"ok\"}".getBytes(StandardCharsets.US_ASCII));
  }

  private void ready(Exchange exchange) {
    List<String> reasons = missing.get();
    exchange.json(
        reasons.isEmpty() ? 200 : 503,
        Json.write(json -> {
          json.writeStartObject();
          json.writeBooleanProperty("ready", reasons.isEmpty());
          json.writeArrayPropertyStart("reasons");
          reasons.forEach(json::writeString);
          json.writeEndArray();
          json.writeEndObject();
        }));
  }

  private void metrics(Exchange exchange) {
    exchange.send(
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        telemetry.prometheus().getBytes(StandardCharsets.UTF_8));
  }
}
