package dev.heddle.loadtest.query;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What of a dataset's schema queries can be made for.
 *
 * @param texts text fields that are searched unless a query says otherwise
 * @param keywords keyword fields
 * @param rank the field with the static rank
 */
record DatasetShape(List<String> texts, List<String> keywords, Optional<String> rank) {
  DatasetShape {
    texts = List.copyOf(texts);
    keywords = List.copyOf(keywords);
  }

  /** Reads the answer to {@code GET /v1/datasets/{name}}. */
  static DatasetShape of(JsonNode dataset) {
    var texts = new ArrayList<String>();
    var keywords = new ArrayList<String>();
    var schema = dataset.path("schema");
    for (var field : schema.path("fields")) {
      var name = field.path("name").asString("");
      switch (field.path("type").asString("")) {
        case "text" -> {
          if (field.path("weight").asDouble(0) > 0) {
            texts.add(name);
          }
        }
        case "keyword" -> keywords.add(name);
        default -> {
          // Numbers, dates and points hold no words.
        }
      }
    }
    var rank = schema.path("rank").path("field").asString("");
    return new DatasetShape(texts, keywords, Optional.of(rank).filter(name -> !name.isEmpty()));
  }
}
