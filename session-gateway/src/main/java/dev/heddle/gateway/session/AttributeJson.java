package dev.heddle.gateway.session;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the JSON of session attributes. */
final class AttributeJson {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private AttributeJson() {}

  /**
   * An attribute's value.
   *
   * @throws HeddleException MALFORMED_JSON
   */
  static JsonNode read(String name, String value) {
    try {
      JsonNode node = JSON.readTree(value);
      if (!node.isMissingNode()) {
        return node;
      }
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.MALFORMED_JSON, "attribute " + name + ": not JSON (expected: a JSON value)", e);
    }
    throw new HeddleException(
        ErrorCode.MALFORMED_JSON, "attribute " + name + ": empty (expected: a JSON value)");
  }
}
