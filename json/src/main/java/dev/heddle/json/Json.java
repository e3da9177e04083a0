package dev.heddle.json;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The edge's JSON: strict, bounded in depth and size, without duplicate keys. */
public final class Json {
  private static final int MAX_DEPTH = 100;
  private static final int MAX_STRING = 16 << 20;

  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder()
          .maxNestingDepth(MAX_DEPTH)
          .maxStringLength(MAX_STRING)
          .build();

  private static final JsonMapper MAPPER =
      JsonMapper.builder(JsonFactory.builder().streamReadConstraints(CONSTRAINTS).build())
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** For values that are passed on as they came, without a tree that would find duplicates. */
  private static final JsonMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(CONSTRAINTS)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  private Json() {}

  /**
   * The one JSON value in the bytes.
   *
   * @throws HeddleException MALFORMED_JSON with line and column, TOO_LARGE for too deep nesting
   */
  public static JsonNode parse(byte[] json) {
    try {
      return present(MAPPER.readTree(json));
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  /**
   * Checks bytes as {@link #parse(byte[])} does, and keeps nothing of them.
   *
   * @throws HeddleException as there
   */
  public static void check(byte[] json) {
    try (JsonParser parser = parser(json, json.length)) {
      if (parser.nextToken() == null) {
        throw empty();
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw new HeddleException(
            ErrorCode.MALFORMED_JSON,
            "body: malformed"
                + place(parser.currentTokenLocation())
                + ": more than one value (expected: JSON)");
      }
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  /** As {@link #parse(byte[])}. */
  public static JsonNode parse(String json) {
    try {
      return present(MAPPER.readTree(json));
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  private static JsonNode present(JsonNode node) {
    if (node.isMissingNode()) {
      throw empty();
    }
    return node;
  }

  private static HeddleException empty() {
    return new HeddleException(ErrorCode.MALFORMED_JSON, "body: empty (expected: JSON)");
  }

  private static HeddleException malformed(JacksonException e) {
    return malformed("body", place(e.getLocation()), e);
  }

  private static String place(@Nullable TokenStreamLocation at) {
    return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private static HeddleException malformed(String what, String place, JacksonException e) {
    if (e instanceof StreamConstraintsException) {
      return new HeddleException(
          ErrorCode.TOO_LARGE,
          what + ": too deep or too long (expected: at most " + MAX_DEPTH + " levels)",
          e);
    }
    return new HeddleException(
        ErrorCode.MALFORMED_JSON,
        what + ": malformed" + place + ": " + e.getOriginalMessage() + " (expected: JSON)",
        e);
  }

  /** A parser of the first bytes, with the same limits; duplicate keys are errors, too. */
  static JsonParser parser(byte[] json, int length) {
    return STRICT.createParser(json, 0, length);
  }

  /** What the failure of a {@link #parser} means, where its bytes are one line of many. */
  static HeddleException malformedLine(JacksonException e) {
    TokenStreamLocation at = e.getLocation();
    return malformed("line", at == null ? "" : " at column " + at.getColumnNr(), e);
  }

  /** JSON text of a value. */
  public static byte[] bytes(JsonNode node) {
    return MAPPER.writeValueAsBytes(node);
  }

  /** A new empty object. */
  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** What the writer writes. */
  public static byte[] write(Consumer<JsonGenerator> writer) {
    var out = new ByteArrayOutputStream(1_024);
    try (JsonGenerator generator = MAPPER.createGenerator(out)) {
      writer.accept(generator);
    }
    return out.toByteArray();
  }

  /** Whether the bytes hold nothing but white space. */
  public static boolean blank(byte[] bytes) {
    return bytes.length == 0
        || (bytes.length < 64 && new String(bytes, StandardCharsets.ISO_8859_1).isBlank());
  }

  static JsonGenerator generator(java.io.OutputStream out) {
    return MAPPER.createGenerator(out);
  }
}
