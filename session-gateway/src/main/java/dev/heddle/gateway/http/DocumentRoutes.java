package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.BulkGrpcClient;
import dev.heddle.gateway.backend.DocumentsGrpcClient;
import dev.heddle.gateway.backend.DocumentsGrpcClient.DocumentKey;
import dev.heddle.gateway.backend.DocumentsGrpcClient.Versioned;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.eclipse.jetty.http.HttpHeader;

/** {@code /v1/datasets/{d}/docs} and {@code /bulk}: single documents, pages of them, streams. */
final class DocumentRoutes {
  private static final String DOCUMENT = "/v1/datasets/{dataset}/docs/{id}";
  private static final String PATCH_TYPES = "application/merge-patch+json, application/json";
  private static final int MAX_PAGE = 1_000;

  private final DocumentsGrpcClient documents;
  private final BulkGrpcClient bulk;
  private final HttpLimits limits;

  DocumentRoutes(DocumentsGrpcClient documents, BulkGrpcClient bulk, HttpLimits limits) {
    this.documents = documents;
    this.bulk = bulk;
    this.limits = limits;
  }

  List<Route> routes() {
    return List.of(
        new Route("GET", "/v1/datasets/{dataset}/docs", true, this::scan),
        new Route("PUT", DOCUMENT, true, this::put),
        new Route("PATCH", DOCUMENT, true, this::patch),
        new Route("GET", DOCUMENT, true, this::get),
        new Route("DELETE", DOCUMENT, true, this::delete),
        new Route("POST", "/v1/datasets/{dataset}/bulk", true, this::bulk));
  }

  private static DocumentKey key(Exchange exchange) {
    return new DocumentKey(exchange.parameter("dataset"), exchange.parameter("id"));
  }

  /** A write of one document under a condition. */
  private interface Write {
    Versioned run(BackendCall call, DocumentKey key, OptionalLong ifVersion);
  }

  private static void write(Exchange exchange, VersionCondition condition, Write write) {
    Versioned written;
    try {
      written = write.run(exchange.call(), key(exchange), condition.version());
    } catch (HeddleException e) {
      exchange.error(condition.status(e), EdgeErrors.of(e, exchange.traceId()));
      return;
    }
    if (written.version() > 0) {
      exchange.header(HttpHeader.ETAG, VersionCondition.tag(written.version()));
    }
    exchange.json(200, written.json());
  }

  private static VersionCondition condition(Exchange exchange) {
    return VersionCondition.of(exchange, new QueryParameters(exchange, "ifVersion"));
  }

  private void put(Exchange exchange) throws IOException {
    VersionCondition condition = condition(exchange);
    byte[] body = exchange.body(limits.document());
    write(exchange, condition, (call, key, version) -> documents.put(call, key, body, version));
  }

  private void patch(Exchange exchange) throws IOException {
    VersionCondition condition = condition(exchange);
    String type = contentType(exchange);
    if (!type.equals("application/merge-patch+json") && !type.equals("application/json")) {
      exchange.header("Accept-Patch", PATCH_TYPES);
      throw unsupported(type, "one of " + PATCH_TYPES);
    }
    byte[] body = exchange.body(limits.document());
    write(exchange, condition, (call, key, version) -> documents.patch(call, key, body, version));
  }

  private void delete(Exchange exchange) {
    write(exchange, condition(exchange), documents::delete);
  }

  private void get(Exchange exchange) {
    var query = new QueryParameters(exchange, "read");
    Versioned found = documents.get(exchange.call(), key(exchange), query.text("read"));
    exchange.header(HttpHeader.ETAG, VersionCondition.tag(found.version()));
    exchange.header(HttpHeader.CACHE_CONTROL, "no-cache");
    if (VersionCondition.known(exchange.header("If-None-Match"), found.version())) {
      exchange.empty(304);
    } else {
      exchange.json(200, found.json());
    }
  }

  private void scan(Exchange exchange) {
    var query = new QueryParameters(exchange, "after", "limit", "read");
    OptionalLong limit = query.integer("limit", 1, MAX_PAGE);
    exchange.json(
        200,
        documents.scan(
            exchange.call(),
            exchange.parameter("dataset"),
            query.text("after").orElse(""),
            limit,
            query.text("read")));
  }

  private void bulk(Exchange exchange) throws InterruptedException {
    var query = new QueryParameters(exchange, "results");
    String results = query.text("results").orElse("all");
    if (!results.equals("all") && !results.equals("failed")) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "results: " + results + " (expected: all or failed)");
    }
    String type = contentType(exchange);
    if (!type.equals(BulkExchange.TYPE)) {
      throw unsupported(type, BulkExchange.TYPE);
    }
    BulkExchange.run(exchange, bulk, exchange.parameter("dataset"), results.equals("all"));
  }

  /** Without parameters; empty: none was named. */
  private static String contentType(Exchange exchange) {
    String type = Optional.ofNullable(exchange.header("Content-Type")).orElse("");
    int end = type.indexOf(';');
    return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  private static HeddleException unsupported(String type, String expected) {
    return new HeddleException(
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        "content-type: " + (type.isEmpty() ? "missing" : type) + " (expected: " + expected + ")");
  }
}
