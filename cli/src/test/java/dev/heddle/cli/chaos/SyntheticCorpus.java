package dev.heddle.cli.chaos;

import dev.heddle.sample.search.Corpus;
import dev.heddle.sample.search.Rejections;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** Documents by a seed: words that are the rarer the higher their number, in a few types. */
record SyntheticCorpus(int count, long seed) implements Corpus {
  private static final int WORDS = 400;
  private static final int LEAST_LENGTH = 20;
  private static final int MORE = 40;
  private static final int TYPES = 12;

  @Override
  public String schemaJson() {
    return """
    {"fields": [
      {"name": "title", "type": "text", "analyzer": "english", "weight": 4},
      {"name": "abstract", "type": "text", "analyzer": "english", "weight": 1},
      {"name": "type", "type": "keyword", "multi": true}
    ]}
    """;
  }

  @Override
  public Documents open() {
    var random = new Random(seed);
    return new Documents() {
      private int made;

      @Override
      public boolean hasNext() {
        return made < count;
      }

      @Override
      public Document next() {
        var json = JsonMapper.shared().createObjectNode();
        json.put("title", "Title " + made);
        var text = new StringBuilder();
        for (int left = LEAST_LENGTH + random.nextInt(MORE); left > 0; left--) {
          text.append("word").append((int) (WORDS * Math.pow(random.nextDouble(), 3))).append(' ');
        }
        json.put("abstract", text.toString());
        json.putArray("type").add("type" + random.nextInt(TYPES)).add("all");
        return new Document("doc-" + made++, json.toString().getBytes(StandardCharsets.UTF_8));
      }

      @Override
      public Progress progress() {
        return new Progress(made, made, count);
      }

      @Override
      public Rejections rejections() {
        return Rejections.NONE;
      }

      @Override
      public void close() {
        // Nothing is open.
      }
    };
  }
}
