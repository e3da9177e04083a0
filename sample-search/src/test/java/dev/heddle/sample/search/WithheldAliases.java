package dev.heddle.sample.search;

import java.io.IOException;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A corpus without some names, to see what search finds by the text alone. */
record WithheldAliases(Corpus corpus, Set<String> withheld) implements Corpus {
  @Override
  public String schemaJson() {
    return corpus.schemaJson();
  }

  @Override
  public Documents open() throws IOException {
    return new Without(corpus.open(), withheld);
  }

  private record Without(Documents documents, Set<String> withheld) implements Documents {
    @Override
    public boolean hasNext() {
      return documents.hasNext();
    }

    @Override
    public Document next() {
      var document = documents.next();
      var json = (ObjectNode) JsonMapper.shared().readTree(document.json());
      var title = json.get("title").stringValue();
      for (var field : Set.of("aliases", "labels")) {
        if (json.get(field) instanceof ArrayNode names) {
          json.set(field, kept(names, title));
        }
      }
      return new Document(document.id(), JsonMapper.shared().writeValueAsBytes(json));
    }

    private ArrayNode kept(ArrayNode names, String title) {
      var kept = JsonMapper.shared().createArrayNode();
      for (JsonNode name : names) {
        var text = name.stringValue();
        if (text.equals(title) || !withheld.contains(text.toLowerCase(Locale.ROOT))) {
          kept.add(name);
        }
      }
      return kept;
    }

    @Override
    public Progress progress() {
      return documents.progress();
    }

    @Override
    public Rejections rejections() {
      return documents.rejections();
    }

    @Override
    public void close() throws IOException {
      documents.close();
    }
  }
}
