package dev.heddle.gateway.connection;

import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a handler wants to happen on the connection.
 *
 * @param statusCode as in HTTP; 200 where the handler returned nothing
 * @param body goes out as one frame, as it is
 * @param base64 whether the body is the base64 of a binary frame
 * @param close whether the connection closes after the body
 * @param state replaces the connection's; null of JSON: it has none any more; empty: it stays
 * @param tags replace the connection's; empty: they stay
 * @param protocol the subprotocol that {@code $connect} chose for a WebSocket
 * @param channels what is to happen with channels
 */
record HandlerReply(
    int statusCode,
    Optional<String> body,
    boolean base64,
    boolean close,
    Optional<JsonNode> state,
    Optional<List<String>> tags,
    Optional<String> protocol,
    ReplyChannels channels) {
  private static final HandlerReply NOTHING = status(200);
  private static final Set<String> FIELDS =
      new LinkedHashSet<>(
          List.of(
              "statusCode", "body", "isBase64Encoded", "heddle", "headers", "multiValueHeaders"));
  private static final String PROTOCOL = "Sec-WebSocket-Protocol";
  private static final Set<String> HEDDLE =
      new LinkedHashSet<>(List.of("state", "tags", "close", "subscribe", "unsubscribe", "publish"));

  /** A reply of nothing but a status, as it came from an HTTP service. */
  static HandlerReply status(int status) {
    return new HandlerReply(
        status,
        Optional.empty(),
        false,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        ReplyChannels.NONE);
  }

  /**
   * Reads what the handler returned.
   *
   * @throws HeddleException FUNCTION_FAILED that says what is wrong with it
   */
  static HandlerReply parse(byte[] json) {
    if (Json.blank(json)) {
      return NOTHING;
    }
    try {
      JsonNode node = Json.parse(json);
      return node.isNull() ? NOTHING : read(node);
    } catch (HeddleException e) {
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED, "the handler's reply: " + e.getMessage(), e);
    }
  }

  private static HandlerReply read(JsonNode node) {
    var fields = new JsonFields("", node, FIELDS);
    int status =
        fields
            .value("statusCode")
            .map(value -> {
              if (!value.isInt() || value.intValue() < 100 || value.intValue() > 599) {
                throw invalid("statusCode: " + value, "100..599");
              }
              return value.intValue();
            })
            .orElse(200);
    Optional<String> body = Optional.ofNullable(fields.textOrNull("body"));
    boolean base64 = fields.flag("isBase64Encoded");
    JsonNode heddle = fields.value("heddle").orElseGet(Json::object);
    var inner = new JsonFields("heddle", heddle, HEDDLE);
    return new HandlerReply(
        status,
        body,
        base64,
        inner.flag("close"),
        state(heddle),
        tags(heddle, inner),
        protocol(node),
        ReplyChannels.read(heddle, inner));
  }

  /** Of all headers, the only one that means something here. */
  private static Optional<String> protocol(JsonNode node) {
    for (String group : List.of("headers", "multiValueHeaders")) {
      JsonNode headers = node.path(group);
      for (String name : headers.propertyNames()) {
        JsonNode value = headers.path(name);
        if (name.equalsIgnoreCase(PROTOCOL)) {
          JsonNode one = value.isArray() && value.size() == 1 ? value.path(0) : value;
          if (!one.isString()) {
            throw invalid(group + "." + name + ": " + value, "a string");
          }
          return Optional.of(one.stringValue());
        }
      }
    }
    return Optional.empty();
  }

  /** A null counts: it takes the state away. */
  private static Optional<JsonNode> state(JsonNode heddle) {
    Optional<JsonNode> state = Optional.ofNullable(heddle.get("state"));
    int bytes = state.map(node -> Json.bytes(node).length).orElse(0);
    if (bytes > Handed.MOST_STATE) {
      throw invalid("heddle.state: " + bytes + " bytes", "at most " + Handed.MOST_STATE);
    }
    return state;
  }

  private static Optional<List<String>> tags(JsonNode heddle, JsonFields fields) {
    if (!heddle.has("tags")) {
      return Optional.empty();
    }
    List<String> tags = fields.texts("tags", Handed.MOST_TAGS);
    for (String tag : tags) {
      if (tag.isEmpty() || tag.length() > Handed.LONGEST_TAG) {
        throw invalid(
            "heddle.tags: " + tag.length() + " characters", "tags of 1.." + Handed.LONGEST_TAG);
      }
    }
    return Optional.of(tags);
  }

  private static HeddleException invalid(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }

  boolean ok() {
    return statusCode >= 200 && statusCode < 300;
  }
}
