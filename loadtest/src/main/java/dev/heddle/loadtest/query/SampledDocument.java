package dev.heddle.loadtest.query;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * A document of the dataset under load.
 *
 * @param fields stored fields, a JSON object
 */
record SampledDocument(String id, JsonNode fields) {
  /** The strings of a field; none where the document lacks it. */
  List<String> values(String field) {
    var node = fields.path(field);
    var values = new ArrayList<String>();
    if (node.isString()) {
      values.add(node.stringValue());
    }
    if (node.isArray()) {
      for (var value : node) {
        if (value.isString()) {
          values.add(value.stringValue());
        }
      }
    }
    return values;
  }

  /** The words of these fields that are worth a query, in order. */
  List<String> words(List<String> of) {
    var words = new ArrayList<String>();
    for (var field : of) {
      for (var value : values(field)) {
        words.addAll(Words.of(value));
      }
    }
    return words;
  }
}
