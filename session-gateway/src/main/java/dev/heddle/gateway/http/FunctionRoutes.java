package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.FunctionsGrpcClient;
import dev.heddle.gateway.backend.FunctionsGrpcClient.LogQuery;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code /v1/functions}: functions, their versions, aliases and logs. */
public final class FunctionRoutes {
  private static final String NAME = "function";
  private static final String ALL = "/v1/functions";
  private static final String ONE = ALL + "/{function}";
  private static final String ALIAS = ONE + "/aliases/{alias}";
  private static final int MAX_LINES = 10_000;
  private static final int USUAL_LINES = 100;

  private final FunctionsGrpcClient functions;
  private final HttpLimits limits;

  public FunctionRoutes(FunctionsGrpcClient functions, HttpLimits limits) {
    this.functions = functions;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route("GET", ALL, true, this::list),
        new Route("POST", ALL, true, exchange -> deploy(exchange, Optional.empty())),
        new Route("GET", ONE, true, this::get),
        new Route("PUT", ONE, true, exchange -> deploy(exchange, Optional.of(name(exchange)))),
        new Route("DELETE", ONE, true, this::delete),
        new Route("PUT", ALIAS, true, this::alias),
        new Route("DELETE", ALIAS, true, this::deleteAlias),
        new Route("POST", ONE + "/rollback", true, this::rollback),
        new Route("GET", ONE + "/logs", true, this::logs));
  }

  private static String name(Exchange exchange) {
    return exchange.parameter(NAME);
  }

  private void list(Exchange exchange) {
    exchange.json(200, functions.list(exchange.call()));
  }

  private void get(Exchange exchange) {
    exchange.json(200, functions.get(exchange.call(), name(exchange)));
  }

  private void delete(Exchange exchange) {
    functions.delete(exchange.call(), name(exchange));
    exchange.empty(204);
  }

  private void deploy(Exchange exchange, Optional<String> name) throws IOException {
    var upload = FunctionUpload.read(exchange, name, limits.function());
    exchange.json(
        201, functions.deploy(exchange.call(), upload.name(), upload.manifest(), upload.code()));
  }

  private void alias(Exchange exchange) throws IOException {
    var targets = exchange.json(limits.query());
    exchange.json(
        200,
        functions.alias(exchange.call(), name(exchange), exchange.parameter("alias"), targets));
  }

  private void deleteAlias(Exchange exchange) {
    exchange.json(
        200, functions.deleteAlias(exchange.call(), name(exchange), exchange.parameter("alias")));
  }

  private void rollback(Exchange exchange) throws IOException {
    byte[] body = exchange.body(limits.query());
    String version = "";
    if (!Json.blank(body)) {
      var fields = new JsonFields("", Json.parse(body), Set.of("version"));
      String given = fields.textOrNull("version");
      version = given == null ? "" : given;
    }
    exchange.json(200, functions.rollback(exchange.call(), name(exchange), version));
  }

  private void logs(Exchange exchange) {
    var parameters = new QueryParameters(exchange, "lines", "follow", "invocation");
    var query =
        new LogQuery(
            name(exchange),
            (int) parameters.integer("lines", 1, MAX_LINES).orElse(USUAL_LINES),
            flag(parameters, "follow"),
            parameters.text("invocation").orElse(""));
    String accept = exchange.header("Accept");
    if (accept != null && accept.contains("text/event-stream")) {
      events(exchange, query);
    } else {
      lines(exchange, query);
    }
  }

  private static boolean flag(QueryParameters parameters, String name) {
    String value = parameters.text(name).orElse("false");
    return switch (value) {
      case "", "true" -> true;
      case "false" -> false;
      default ->
          throw new HeddleException(
              ErrorCode.TYPE_MISMATCH, name + ": " + value + " (expected: true or false)");
    };
  }

  private void events(Exchange exchange, LogQuery query) {
    var events = new EventStream(exchange);
    try {
      functions.logs(exchange.call(), query, line -> events.send("line", line));
    } catch (RuntimeException e) {
      if (!events.open()) {
        throw e;
      }
      var error = EdgeErrors.of(e, exchange.traceId());
      events.send("error", EdgeErrors.json(error, exchange.traceId()));
    }
    events.end();
  }

  private void lines(Exchange exchange, LogQuery query) {
    var lines = new LineStream(exchange);
    try {
      functions.logs(exchange.call(), query, lines::send);
    } catch (RuntimeException e) {
      if (!lines.open()) {
        throw e;
      }
      var error = EdgeErrors.of(e, exchange.traceId());
      lines.send(EdgeErrors.json(error, exchange.traceId()));
    }
    lines.end();
  }
}
