package dev.heddle.gateway.websocket;

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
 */
record HandlerReply(int statusCode, Optional<String> body, boolean base64, boolean close) {
  private static final HandlerReply NOTHING = new HandlerReply(200, Optional.empty(), false, false);
  private static final Set<String> FIELDS =
      new LinkedHashSet<>(
          List.of(
              "statusCode", "body", "isBase64Encoded", "heddle", "headers", "multiValueHeaders"));
  private static final Set<String> LATER =
      Set.of("state", "tags", "subscribe", "unsubscribe", "publish");

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
    boolean close = fields.value("heddle").map(HandlerReply::close).orElse(false);
    return new HandlerReply(status, body, fields.flag("isBase64Encoded"), close);
  }

  private static boolean close(JsonNode heddle) {
    for (String name : heddle.propertyNames()) {
      if (LATER.contains(name)) {
        throw invalid("heddle." + name, "close: this version does not know more");
      }
    }
    return new JsonFields("heddle", heddle, Set.of("close")).flag("close");
  }

  private static HeddleException invalid(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }

  boolean ok() {
    return statusCode >= 200 && statusCode < 300;
  }
}
