package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.BulkGrpcClient;
import dev.heddle.gateway.backend.DatasetsGrpcClient;
import dev.heddle.gateway.backend.DocumentsGrpcClient;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** {@code /v1/datasets}: datasets, their documents, queries. All of them carry positions. */
public final class DatasetRoutes {
  private static final String DATASET = "/v1/datasets/{dataset}";

  private final DatasetsGrpcClient datasets;
  private final QueryGrpcClient queries;
  private final DocumentRoutes documents;
  private final SessionPositions positions;
  private final HttpLimits limits;

  public DatasetRoutes(
      DatasetsGrpcClient datasets,
      DocumentsGrpcClient documents,
      BulkGrpcClient bulk,
      QueryGrpcClient queries,
      SessionPositions positions,
      HttpLimits limits) {
    this.datasets = datasets;
    this.queries = queries;
    this.documents = new DocumentRoutes(documents, bulk, limits);
    this.positions = positions;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    List<Route> routes =
        new ArrayList<>(
            List.of(
                new Route("POST", DATASET + "/query", true, this::query),
                new Route("GET", "/v1/datasets", true, this::list),
                new Route("POST", "/v1/datasets", true, this::create),
                new Route("GET", DATASET, true, this::get),
                new Route("PATCH", DATASET, true, this::alter),
                new Route("DELETE", DATASET, true, this::drop)));
    routes.addAll(documents.routes());
    return routes.stream().map(this::positioned).toList();
  }

  private Route positioned(Route route) {
    boolean named = route.template().startsWith(DATASET);
    return new Route(
        route.method(),
        route.template(),
        route.guarded(),
        exchange -> {
          exchange.positions(
              positions.of(
                  exchange.tenant(),
                  named ? exchange.parameter("dataset") : "",
                  exchange.header(Exchange.POSITION),
                  exchange.cookie(SessionStore.COOKIE)));
          route.handling().handle(exchange);
        });
  }

  private void list(Exchange exchange) {
    exchange.json(200, datasets.list(exchange.call()));
  }

  private void create(Exchange exchange) throws IOException {
    JsonNode body = exchange.json(limits.query());
    exchange.json(201, datasets.create(exchange.call(), body));
  }

  private void alter(Exchange exchange) throws IOException {
    JsonNode body = exchange.json(limits.query());
    exchange.json(200, datasets.alter(exchange.call(), exchange.parameter("dataset"), body));
  }

  private void get(Exchange exchange) {
    exchange.json(200, datasets.get(exchange.call(), exchange.parameter("dataset")));
  }

  private void drop(Exchange exchange) {
    datasets.drop(exchange.call(), exchange.parameter("dataset"));
    exchange.empty(204);
  }

  private void query(Exchange exchange) throws IOException {
    String dataset = exchange.parameter("dataset");
    JsonNode query = exchange.json(limits.query());
    String accept = exchange.header("Accept");
    if (accept == null || !accept.contains("text/event-stream")) {
      exchange.json(200, queries.run(exchange.call(), dataset, query));
      return;
    }
    var events = new EventStream(exchange);
    try {
      queries.stream(exchange.call(), dataset, query, (json, last) -> events.send("answer", json));
    } catch (RuntimeException e) {
      if (!events.open()) {
        throw e;
      }
      HeddleException error = EdgeErrors.of(e, exchange.traceId());
      events.send("error", EdgeErrors.json(error, exchange.traceId()));
    }
    events.end();
  }
}
