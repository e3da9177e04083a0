package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.FunctionsGrpcClient;
import dev.heddle.gateway.backend.Json;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import org.eclipse.jetty.http.HttpHeader;

/** {@code /v1/functions} and {@code /run}: functions, and invocations of handlers. */
public final class FunctionRoutes {
  private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);
  private static final DataSize MAX_MANIFEST = DataSize.parse("64KiB");

  private final FunctionsGrpcClient functions;
  private final SessionStore sessions;
  private final HttpLimits limits;

  public FunctionRoutes(FunctionsGrpcClient functions, SessionStore sessions, HttpLimits limits) {
    this.functions = functions;
    this.sessions = sessions;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route(
            "GET",
            "/v1/functions",
            true,
            exchange -> exchange.json(200, functions.list(exchange.call()))),
        new Route("POST", "/v1/functions", true, this::deploy),
        new Route("GET", "/v1/functions/{function}", true, this::get),
        new Route("DELETE", "/v1/functions/{function}", true, this::delete),
        new Route(Route.ANY, "/run/{function}", true, this::run),
        new Route(Route.ANY, "/run/{function}/{path...}", true, this::run),
        new Route(Route.ANY, "/runLambda/{function}", true, this::run),
        new Route(Route.ANY, "/runLambda/{function}/{path...}", true, this::run));
  }

  private void get(Exchange exchange) {
    exchange.json(200, functions.get(exchange.call(), exchange.parameter("function")));
  }

  private void delete(Exchange exchange) {
    functions.delete(exchange.call(), exchange.parameter("function"));
    exchange.empty(204);
  }

  private void run(Exchange exchange) throws IOException {
    byte[] body = exchange.body(limits.query());
    byte[] event = NULL;
    if (!Json.blank(body)) {
      // The event's errors are the caller's: found here, they name line and column.
      Json.parse(body);
      event = body;
    }
    SessionStore.Visit visit =
        sessions.visit(exchange.tenant(), exchange.cookie(SessionStore.COOKIE));
    visit.setCookie().ifPresent(cookie -> exchange.header(HttpHeader.SET_COOKIE, cookie));
    FunctionsGrpcClient.Result result =
        functions.invoke(
            exchange.call(), exchange.parameter("function"), event, Optional.of(visit.session()));
    exchange.header("Heddle-Version", result.version());
    exchange.header("Heddle-Node", result.node());
    exchange.header("Heddle-Took-Micros", Long.toString(result.tookMicros()));
    exchange.header("Heddle-Bill", new String(result.bill(), StandardCharsets.US_ASCII));
    exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    exchange.json(200, result.json().length == 0 ? NULL : result.json());
  }

  private void deploy(Exchange exchange) throws IOException {
    byte[] archive = exchange.body(limits.function());
    if (archive.length < 4 || archive[0] != 'P' || archive[1] != 'K') {
      throw new HeddleException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE,
          "body: not a zip archive (expected: a zip of heddle.yaml and code.jar)");
    }
    Archive content = unpack(archive);
    exchange.json(201, functions.deploy(exchange.call(), content.manifest(), content.code()));
  }

  /** What a function's archive holds. */
  private record Archive(String manifest, byte[] code) {}

  private Archive unpack(byte[] archive) throws IOException {
    byte[] manifest = null;
    byte[] code = null;
    try (var zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        switch (entry.getName()) {
          case "heddle.yaml" -> manifest = read(zip, entry, manifest, MAX_MANIFEST);
          case "code.jar" -> code = read(zip, entry, code, limits.function());
          default ->
              throw invalid("entry " + entry.getName() + " (expected: heddle.yaml, code.jar)");
        }
      }
    } catch (ZipException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION, "archive: damaged (expected: a zip archive)", e);
    }
    if (manifest == null || code == null) {
      throw invalid(
          (manifest == null ? "heddle.yaml" : "code.jar")
              + " missing (expected: heddle.yaml and code.jar)");
    }
    return new Archive(new String(manifest, StandardCharsets.UTF_8), code);
  }

  private static byte[] read(
      ZipInputStream zip,
      ZipEntry entry,
      byte @org.jspecify.annotations.Nullable [] earlier,
      DataSize limit)
      throws IOException {
    if (earlier != null) {
      throw invalid("entry " + entry.getName() + " twice (expected: once)");
    }
    byte[] content = zip.readNBytes(limit.toIntBytes());
    if (zip.read() >= 0) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "archive: " + entry.getName() + " too large (expected: at most " + limit + ")");
    }
    return content;
  }

  private static HeddleException invalid(String what) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, "archive: " + what);
  }
}
