package dev.heddle.shard;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * Parts of a stored JSON object, in one pass and without a tree: some fields as an object of their
 * own, cut out byte by byte, and the strings of some.
 *
 * @param json the object with the wanted fields
 * @param strings by field, of those that were asked for and are there
 */
record JsonSlices(byte[] json, Map<String, List<String>> strings) {

  /**
   * @param source an object that was read before, so it is well formed
   * @param fields to keep; empty: all
   * @param texts fields whose strings are wanted
   */
  static JsonSlices of(byte[] source, Set<String> fields, Set<String> texts) {
    if (fields.isEmpty() && texts.isEmpty()) {
      return new JsonSlices(source, Map.of());
    }
    ByteArrayOutputStream kept = new ByteArrayOutputStream(fields.isEmpty() ? 0 : source.length);
    Map<String, List<String>> strings = new HashMap<>();
    kept.write('{');
    try (JsonParser parser =
        DocumentIndexing.JSON.createParser(ObjectReadContext.empty(), source)) {
      parser.nextToken();
      for (JsonToken token = parser.nextToken();
          token == JsonToken.PROPERTY_NAME;
          token = parser.nextToken()) {
        String name = parser.currentName();
        int nameStart = (int) parser.currentTokenLocation().getByteOffset();
        parser.nextToken();
        if (texts.contains(name)) {
          strings.put(name, strings(parser));
        }
        parser.skipChildren();
        parser.finishToken();
        if (fields.contains(name)) {
          if (kept.size() > 1) {
            kept.write(',');
          }
          kept.write(source, nameStart, (int) parser.currentLocation().getByteOffset() - nameStart);
        }
      }
    }
    kept.write('}');
    return new JsonSlices(fields.isEmpty() ? source : kept.toByteArray(), strings);
  }

  /** The string, or the strings of the array, that the parser stands at; leaves it at the end. */
  private static List<String> strings(JsonParser parser) {
    List<String> strings = new ArrayList<>();
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      strings.add(parser.getString());
    } else if (parser.currentToken() == JsonToken.START_ARRAY) {
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        strings.add(parser.getString());
      }
    }
    return strings;
  }
}
