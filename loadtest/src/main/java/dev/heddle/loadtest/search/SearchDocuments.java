package dev.heddle.loadtest.search;

import dev.heddle.loadtest.store.CorpusDocuments;
import dev.heddle.sample.search.Corpus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Documents cut down to what all subjects index alike: a title that is only shown, a text, and a
 * keyword with several values.
 *
 * @param all by their ids, ascending
 */
record SearchDocuments(List<One> all) {
  static final String TITLE = "title";
  static final String BODY = "abstract";
  static final String TYPE = "type";

  /** Weight 0: queries name the field, as they do in the other subjects. */
  static final String SCHEMA =
      """
      {"fields": [
        {"name": "title", "type": "stored"},
        {"name": "abstract", "type": "text", "analyzer": "standard", "weight": 0},
        {"name": "type", "type": "keyword", "multi": true}]}
      """;

  private static final JsonMapper JSON = JsonMapper.shared();

  SearchDocuments {
    all = List.copyOf(all);
  }

  /** A document; fields that it lacks are empty. */
  record One(String id, String title, String body, List<String> types) {
    One {
      types = List.copyOf(types);
    }

    byte[] json() {
      var json = JSON.createObjectNode().put(TITLE, title).put(BODY, body);
      var values = json.putArray(TYPE);
      types.forEach(values::add);
      return json.toString().getBytes(StandardCharsets.UTF_8);
    }
  }

  /** The first so many documents of a corpus with these fields. */
  static SearchDocuments read(Corpus corpus, int most) {
    var all = new ArrayList<One>();
    for (var document : CorpusDocuments.read(corpus, most)) {
      var json = JSON.readTree(document.json());
      all.add(
          new One(
              document.id(),
              json.path(TITLE).asString(""),
              json.path(BODY).asString(""),
              texts(json.path(TYPE))));
    }
    all.sort(Comparator.comparing(One::id));
    return new SearchDocuments(all);
  }

  private static List<String> texts(JsonNode values) {
    var texts = new ArrayList<String>();
    if (values.isString()) {
      texts.add(values.stringValue());
    }
    for (var value : values) {
      if (value.isString() && !texts.contains(value.stringValue())) {
        texts.add(value.stringValue());
      }
    }
    return texts;
  }

  /** As they are loaded into a cluster. */
  List<Corpus.Document> toLoad() {
    return all.stream().map(each -> new Corpus.Document(each.id(), each.json())).toList();
  }
}
