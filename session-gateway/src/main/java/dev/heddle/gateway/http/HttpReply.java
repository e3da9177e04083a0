package dev.heddle.gateway.http;

import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a function with {@code event: http} replied, in the shape of AWS API Gateway's HTTP APIs:
 * {@code {"statusCode","headers","cookies","body","isBase64Encoded"}}; any other JSON value is a
 * body of its own with status 200.
 *
 * @param headers by name, as given; those that are the platform's business are left out
 * @param cookies values of Set-Cookie headers
 * @param session what becomes of the caller's cookie session
 */
record HttpReply(
    int statusCode,
    Map<String, String> headers,
    List<String> cookies,
    byte[] body,
    Session session) {
  /** What becomes of a session. */
  enum Session {
    STAYS,
    /** It gets a new id, as after a login. */
    RENEWED,
    ENDS
  }

  private static final String JSON_TYPE = "application/json";
  private static final int MAX_HEADERS = 100;
  private static final int MAX_HEADER_TEXT = 8 << 10;
  private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}");
  private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");

  /** Framing, and who may read the answer or act for whom: for the gateway alone to say. */
  private static final Set<String> RESERVED =
      Set.of(
          "connection",
          "content-length",
          "content-security-policy",
          "keep-alive",
          "proxy-authenticate",
          "set-cookie",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "x-content-type-options");

  /**
   * Reads what the function returned.
   *
   * @param label names function and version in messages
   * @throws HeddleException FUNCTION_RESULT_INVALID that says what is wrong with it
   */
  static HttpReply parse(byte[] json, String label) {
    JsonNode node = Json.blank(json) ? Json.object().nullNode() : Json.parse(json);
    if (!node.isObject() || node.get("statusCode") == null) {
      var type = Map.of("Content-Type", JSON_TYPE);
      return new HttpReply(200, type, List.of(), node.isNull() ? new byte[0] : json, Session.STAYS);
    }
    return new Reader(node, label).read();
  }

  /** The content type; empty: none was given. */
  String contentType() {
    for (var header : headers.entrySet()) {
      if (header.getKey().equalsIgnoreCase("content-type")) {
        return header.getValue();
      }
    }
    return "";
  }

  /** Reads one reply. */
  private record Reader(JsonNode node, String label) {
    HttpReply read() {
      JsonNode status = node.get("statusCode");
      if (!status.isInt() || status.intValue() < 200 || status.intValue() > 599) {
        throw invalid("statusCode: " + status, "200..599");
      }
      var headers = headers();
      if (headers.keySet().stream().noneMatch("content-type"::equalsIgnoreCase)) {
        headers.put("Content-Type", JSON_TYPE);
      }
      return new HttpReply(status.intValue(), headers, cookies(), body(), session());
    }

    private Map<String, String> headers() {
      var headers = new LinkedHashMap<String, String>();
      JsonNode given = present("headers");
      if (given == null) {
        return headers;
      }
      if (!given.isObject() || given.size() > MAX_HEADERS) {
        throw invalid("headers: " + given.size() + " entries", "an object of at most 100");
      }
      for (String name : given.propertyNames()) {
        JsonNode value = given.get(name);
        if (!NAME.matcher(name).matches() || !value.isValueNode()) {
          throw invalid("headers." + name, "a header's name with a plain value");
        }
        if (!reserved(name)) {
          headers.put(name, checked("headers." + name, value.asString()));
        }
      }
      return headers;
    }

    private static boolean reserved(String name) {
      String plain = name.toLowerCase(Locale.ROOT);
      return RESERVED.contains(plain)
          || plain.startsWith("access-control-")
          || plain.startsWith("heddle-");
    }

    private List<String> cookies() {
      JsonNode given = present("cookies");
      List<String> cookies = new ArrayList<>();
      if (given == null) {
        return cookies;
      }
      if (!given.isArray() || given.size() > MAX_HEADERS) {
        throw invalid("cookies: " + given.size() + " entries", "an array of at most 100");
      }
      for (JsonNode cookie : given) {
        if (!cookie.isString()) {
          throw invalid("cookies: " + cookie, "texts as in Set-Cookie");
        }
        String text = checked("cookies", cookie.stringValue());
        if (!cookieName(text).equalsIgnoreCase(SessionStore.COOKIE)) {
          cookies.add(text);
        }
      }
      return cookies;
    }

    /** As browsers read it: what stands before the first equals sign, without blanks around it. */
    private String cookieName(String cookie) {
      int end = cookie.indexOf(';');
      String pair = end < 0 ? cookie : cookie.substring(0, end);
      int equals = pair.indexOf('=');
      String name = equals < 0 ? "" : pair.substring(0, equals).strip();
      if (name.isEmpty()) {
        throw invalid("cookies: one without a name", "name=value");
      }
      return name;
    }

    private String checked(String what, String value) {
      if (value.length() > MAX_HEADER_TEXT || !VALUE.matcher(value).matches()) {
        throw invalid(what, "at most 8KiB of Latin text without line breaks");
      }
      return value;
    }

    private byte[] body() {
      JsonNode body = present("body");
      JsonNode encoded = present("isBase64Encoded");
      if (encoded != null && !encoded.isBoolean()) {
        throw invalid("isBase64Encoded: " + encoded, "true or false");
      }
      if (body == null) {
        return new byte[0];
      }
      if (!body.isString()) {
        throw invalid("body: " + body.getNodeType(), "a text");
      }
      if (encoded == null || !encoded.booleanValue()) {
        return body.stringValue().getBytes(StandardCharsets.UTF_8);
      }
      try {
        return Base64.getDecoder().decode(body.stringValue());
      } catch (IllegalArgumentException e) {
        throw invalid("body: not base64", "base64, as isBase64Encoded says");
      }
    }

    private Session session() {
      JsonNode given = present("heddle");
      if (given == null) {
        return Session.STAYS;
      }
      String text = given.path("session").asString("");
      if (given.isObject() && given.size() == 1) {
        switch (text) {
          case "renew" -> {
            return Session.RENEWED;
          }
          case "end" -> {
            return Session.ENDS;
          }
          default -> {}
        }
      }
      throw invalid("heddle: " + given, "{\"session\": \"renew\"} or {\"session\": \"end\"}");
    }

    private @Nullable JsonNode present(String name) {
      JsonNode value = node.get(name);
      return value == null || value.isNull() ? null : value;
    }

    private HeddleException invalid(String what, String expected) {
      return new HeddleException(
          ErrorCode.FUNCTION_RESULT_INVALID,
          label + ": its reply's " + what + " (expected: " + expected + ")");
    }
  }
}
