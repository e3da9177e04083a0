package dev.heddle.gateway.http;

import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import tools.jackson.core.JsonGenerator;

/**
 * Requests as events for functions with {@code event: http}, in the shape of AWS API Gateway's HTTP
 * APIs, payload format 2.0. The session cookie, and the credentials that this node asks for, are
 * the platform's and not shown. Thread-safe.
 */
public final class HttpEvent {
  private static final String ROUTE = "$default";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** Never shown as text, whatever their bytes look like. */
  private static final Pattern BINARY =
      Pattern.compile(
          "(image|audio|video|font)/(?!svg).*|application/(octet-stream|zip|gzip|pdf|wasm|x-protobuf)"
              + ".*");

  private final Clock clock;
  private final boolean ownCredentials;

  /**
   * @param ownCredentials whether the Authorization header is this node's own business
   */
  public HttpEvent(Clock clock, boolean ownCredentials) {
    this.clock = clock;
    this.ownCredentials = ownCredentials;
  }

  /**
   * The event's JSON.
   *
   * @param function as the path names it
   * @param path behind the function's name, decoded, without the first slash
   */
  byte[] of(Exchange exchange, String function, String path, byte[] body) {
    var request = exchange.request();
    String query = Optional.ofNullable(request.getHttpURI().getQuery()).orElse("");
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("version", "2.0");
      json.writeStringProperty("routeKey", ROUTE);
      json.writeStringProperty("rawPath", "/" + path);
      json.writeStringProperty("rawQueryString", query);
      cookies(json, request);
      joined(json, "headers", headers(request));
      joined(json, "queryStringParameters", query(request));
      context(json, exchange, function, path);
      body(json, request, body);
      json.writeEndObject();
    });
  }

  private static void cookies(JsonGenerator json, Request request) {
    List<String> cookies = new ArrayList<>();
    for (String header : request.getHeaders().getValuesList(HttpHeader.COOKIE)) {
      for (String cookie : header.split(";", -1)) {
        String plain = cookie.strip();
        if (!plain.isEmpty() && !plain.startsWith(SessionStore.COOKIE + "=")) {
          cookies.add(plain);
        }
      }
    }
    if (!cookies.isEmpty()) {
      json.writeArrayPropertyStart("cookies");
      cookies.forEach(json::writeString);
      json.writeEndArray();
    }
  }

  private Map<String, List<String>> headers(Request request) {
    var headers = new LinkedHashMap<String, List<String>>();
    for (HttpField field : request.getHeaders()) {
      String name = field.getName().toLowerCase(Locale.ROOT);
      boolean hidden = name.equals("cookie") || (ownCredentials && name.equals("authorization"));
      String value = field.getValue();
      if (!hidden && value != null) {
        headers.computeIfAbsent(name, unseen -> new ArrayList<>()).add(value);
      }
    }
    return headers;
  }

  private static Map<String, List<String>> query(Request request) {
    var query = new LinkedHashMap<String, List<String>>();
    for (var field : Request.extractQueryParameters(request)) {
      query.put(field.getName(), List.copyOf(field.getValues()));
    }
    return query;
  }

  /** Several values of a name stand in one, with commas between them. */
  private static void joined(JsonGenerator json, String name, Map<String, List<String>> values) {
    json.writeObjectPropertyStart(name);
    values.forEach((key, list) -> json.writeStringProperty(key, String.join(",", list)));
    json.writeEndObject();
  }

  private void context(JsonGenerator json, Exchange exchange, String function, String path) {
    var request = exchange.request();
    Instant now = clock.instant();
    json.writeObjectPropertyStart("requestContext");
    json.writeStringProperty("accountId", exchange.tenant());
    json.writeStringProperty("apiId", function);
    json.writeStringProperty("domainName", Request.getServerName(request));
    json.writeStringProperty("requestId", exchange.traceId());
    json.writeStringProperty("routeKey", ROUTE);
    json.writeStringProperty("stage", ROUTE);
    json.writeStringProperty("time", TIME.format(now));
    json.writeNumberProperty("timeEpoch", now.toEpochMilli());
    json.writeObjectPropertyStart("http");
    json.writeStringProperty("method", request.getMethod());
    json.writeStringProperty("path", "/" + path);
    json.writeStringProperty(
        "protocol", request.getConnectionMetaData().getHttpVersion().asString());
    json.writeStringProperty("sourceIp", Request.getRemoteAddr(request));
    String agent = exchange.header("User-Agent");
    json.writeStringProperty("userAgent", agent == null ? "" : agent);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void body(JsonGenerator json, Request request, byte[] body) {
    Optional<String> text = body.length == 0 || binary(request) ? Optional.empty() : utf8(body);
    if (body.length > 0) {
      json.writeStringProperty(
          "body", text.orElseGet(() -> Base64.getEncoder().encodeToString(body)));
    }
    json.writeBooleanProperty("isBase64Encoded", body.length > 0 && text.isEmpty());
  }

  private static boolean binary(Request request) {
    String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
    return request.getHeaders().contains(HttpHeader.CONTENT_ENCODING)
        || (type != null && BINARY.matcher(type.toLowerCase(Locale.ROOT)).matches());
  }

  private static Optional<String> utf8(byte[] body) {
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }
}
