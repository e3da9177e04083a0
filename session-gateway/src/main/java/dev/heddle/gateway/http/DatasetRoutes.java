package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.DatasetsGrpcClient;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** {@code /v1/datasets}: datasets, their documents, queries. */
public final class DatasetRoutes {
  private final DatasetsGrpcClient datasets;
  private final QueryGrpcClient queries;
  private final HttpLimits limits;

  public DatasetRoutes(DatasetsGrpcClient datasets, QueryGrpcClient queries, HttpLimits limits) {
    this.datasets = datasets;
    this.queries = queries;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route("POST", "/v1/datasets/{dataset}/query", true, this::query),
        new Route(
            "GET",
            "/v1/datasets",
            true,
            exchange -> exchange.json(200, datasets.list(exchange.call()))),
        new Route("POST", "/v1/datasets", true, this::create),
        new Route("GET", "/v1/datasets/{dataset}", true, this::get),
        new Route("DELETE", "/v1/datasets/{dataset}", true, this::drop),
        new Route("PUT", "/v1/datasets/{dataset}/docs/{id}", true, this::putDocument),
        new Route("GET", "/v1/datasets/{dataset}/docs/{id}", true, this::getDocument),
        new Route("DELETE", "/v1/datasets/{dataset}/docs/{id}", true, this::deleteDocument));
  }

  private void create(Exchange exchange) throws IOException {
    JsonNode body = exchange.json(limits.query());
    exchange.json(201, datasets.create(exchange.call(), body));
  }

  private void get(Exchange exchange) {
    exchange.json(200, datasets.get(exchange.call(), exchange.parameter("dataset")));
  }

  private void drop(Exchange exchange) {
    datasets.drop(exchange.call(), exchange.parameter("dataset"));
    exchange.empty(204);
  }

  private void putDocument(Exchange exchange) throws IOException {
    byte[] body = exchange.body(limits.document());
    exchange.json(
        200,
        datasets.putDocument(
            exchange.call(), exchange.parameter("dataset"), exchange.parameter("id"), body));
  }

  private void getDocument(Exchange exchange) {
    exchange.json(
        200,
        datasets.getDocument(
            exchange.call(), exchange.parameter("dataset"), exchange.parameter("id")));
  }

  private void deleteDocument(Exchange exchange) {
    exchange.json(
        200,
        datasets.deleteDocument(
            exchange.call(), exchange.parameter("dataset"), exchange.parameter("id")));
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
    events.close();
  }
}
