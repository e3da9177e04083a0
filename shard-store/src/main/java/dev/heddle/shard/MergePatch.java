package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** JSON merge patches (RFC 7396). */
final class MergePatch {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // Numbers come out as they went in.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
          .build();

  private MergePatch() {}

  /**
   * A patch that was read.
   *
   * @throws DocumentException if it is not a JSON object
   */
  static ObjectNode read(byte[] patch) {
    JsonNode node;
    try {
      node = JSON.readTree(patch);
    } catch (JacksonException e) {
      throw new DocumentException(
          ErrorCode.MALFORMED_JSON,
          "patch: " + e.getOriginalMessage() + " (expected: a JSON object)");
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new DocumentException(
        ErrorCode.INVALID_DOCUMENT, "patch: " + node.getNodeType() + " (expected: a JSON object)");
  }

  /**
   * The document with the patch on top.
   *
   * @throws DocumentException if the document, as it is, cannot be read as a whole: parts of it
   *     that no field takes were never looked at; or if the result cannot be written
   */
  static byte[] apply(byte[] document, ObjectNode patch) {
    try {
      return JSON.writeValueAsBytes(merged(JSON.readTree(document), patch));
    } catch (JacksonException e) {
      throw new DocumentException(
          ErrorCode.MALFORMED_JSON,
          "document, patched: " + e.getOriginalMessage() + " (expected: sound JSON; put it whole)");
    }
  }

  private static JsonNode merged(JsonNode target, ObjectNode patch) {
    ObjectNode result = target instanceof ObjectNode object ? object : JSON.createObjectNode();
    patch
        .properties()
        .forEach(member -> {
          JsonNode value = member.getValue();
          if (value.isNull()) {
            result.remove(member.getKey());
          } else if (value instanceof ObjectNode inner) {
            JsonNode present = result.get(member.getKey());
            result.set(
                member.getKey(),
                merged(present == null ? JSON.createObjectNode() : present, inner));
          } else {
            result.set(member.getKey(), value);
          }
        });
    return result;
  }
}
