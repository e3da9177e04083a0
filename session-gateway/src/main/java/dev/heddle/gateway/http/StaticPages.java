package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Files of one directory, for GET and HEAD of paths that no route serves. Nothing outside of it is
 * served, whatever the path says or a link points at; nor are hidden files.
 */
public final class StaticPages {
  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("mjs", "text/javascript; charset=utf-8"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("txt", "text/plain; charset=utf-8"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("png", "image/png"),
          Map.entry("jpg", "image/jpeg"),
          Map.entry("webp", "image/webp"),
          Map.entry("ico", "image/x-icon"),
          Map.entry("woff2", "font/woff2"),
          Map.entry("wasm", "application/wasm"));
  private static final String POLICY =
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
          + " object-src 'none'";

  private final @Nullable Path root;

  /**
   * Takes the directory.
   *
   * @param directory absent: there are no pages
   * @throws HeddleException INVALID_REQUEST if it is not there
   */
  public StaticPages(Optional<Path> directory) {
    try {
      this.root = directory.isEmpty() ? null : directory.get().toRealPath();
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "pages: " + directory.get() + " (expected: an existing directory)",
          e);
    }
  }

  /** What serves all that no other route does. */
  public Route route() {
    return new Route(Route.ANY, "page", false, this::serve);
  }

  private void serve(Exchange exchange) throws IOException {
    String path = exchange.request().getHttpURI().getPath();
    Path file = find(path).orElseThrow(() -> notFound(path));
    if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
      exchange.header(HttpHeader.ALLOW, "GET, HEAD");
      throw new HeddleException(
          ErrorCode.METHOD_NOT_ALLOWED,
          "method: " + exchange.method() + " (expected: GET or HEAD)");
    }
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    String tag =
        "\""
            + Long.toHexString(attributes.lastModifiedTime().toMillis())
            + "-"
            + Long.toHexString(attributes.size())
            + "\"";
    exchange.header(HttpHeader.ETAG, tag);
    // Always asked again, answered with 304: a page and its scripts never come from two versions.
    exchange.header(HttpHeader.CACHE_CONTROL, "no-cache");
    exchange.header("Content-Security-Policy", POLICY);
    exchange.header("X-Content-Type-Options", "nosniff");
    exchange.header("Referrer-Policy", "same-origin");
    exchange.header("Cross-Origin-Opener-Policy", "same-origin");
    String known = exchange.header("If-None-Match");
    if (known != null && (known.contains(tag) || known.equals("*"))) {
      exchange.empty(304);
      return;
    }
    exchange.header(HttpHeader.CONTENT_TYPE, type(file));
    send(exchange, file, attributes.size());
  }

  private static void send(Exchange exchange, Path file, long size) {
    Response response = exchange.response();
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, size);
    response.setStatus(200);
    exchange.sent(size);
    Callback callback = exchange.handOver();
    if (exchange.method().equals("HEAD")) {
      callback.succeeded();
      return;
    }
    Content.copy(Content.Source.from(file), response, callback);
  }

  private Optional<Path> find(String encoded) throws IOException {
    if (root == null || !encoded.startsWith("/")) {
      return Optional.empty();
    }
    Path found = root;
    for (String segment : encoded.substring(1).split("/", -1)) {
      String name = Router.decode(segment);
      if (name.startsWith(".")
          || name.contains("/")
          || name.contains("\\")
          || name.contains("\0")) {
        return Optional.empty();
      }
      try {
        found = name.isEmpty() ? found : found.resolve(name);
      } catch (InvalidPathException e) {
        return Optional.empty();
      }
    }
    if (Files.isDirectory(found)) {
      found = found.resolve("index.html");
    }
    if (!Files.isRegularFile(found) || !found.toRealPath().startsWith(root)) {
      return Optional.empty();
    }
    return Optional.of(found);
  }

  private static String type(Path file) {
    String name = file.getFileName().toString();
    return TYPES.getOrDefault(
        name.substring(name.lastIndexOf('.') + 1), "application/octet-stream");
  }

  private static HeddleException notFound(String path) {
    return new HeddleException(ErrorCode.NOT_FOUND, "path: " + path + " (expected: a known path)");
  }
}
