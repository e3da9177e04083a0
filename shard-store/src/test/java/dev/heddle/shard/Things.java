package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import java.util.List;
import java.util.Random;

/** Generated documents with a bit of everything. */
final class Things {
  static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.text("title", "english", 3),
              new Field("tags", FieldType.TEXT, "standard", 1, true),
              Field.text("body", "english", 1),
              new Field("labels", FieldType.TEXT, "simple", 0, true),
              Field.of("type", FieldType.KEYWORD, false),
              Field.of("kinds", FieldType.KEYWORD, true),
              Field.of("size", FieldType.LONG, false),
              Field.of("price", FieldType.DOUBLE, false),
              Field.of("born", FieldType.DATE, false),
              Field.of("place", FieldType.GEO_POINT, false),
              Field.of("extra", FieldType.STORED, false),
              Field.of("rank", FieldType.DOUBLE, false)),
          "rank",
          0.3,
          false);

  private final Random random;

  Things(Random random) {
    this.random = random;
  }

  /** A word, short ones much more often. */
  String word() {
    return "w" + (int) Math.pow(400, random.nextDouble());
  }

  String words(int count) {
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < count; i++) {
      words.append(i == 0 ? "" : " ").append(word());
    }
    return words.toString();
  }

  /** Few different ranks and short texts, so that many documents tie. */
  String document() {
    StringBuilder json = new StringBuilder("{");
    json.append("\"title\":\"").append(words(1 + random.nextInt(3))).append('"');
    if (random.nextInt(3) > 0) {
      json.append(",\"body\":\"").append(words(random.nextInt(30))).append('"');
    }
    json.append(",\"tags\":[\"").append(words(2)).append("\",\"").append(words(1)).append("\"]");
    json.append(",\"type\":\"t").append(random.nextInt(5)).append('"');
    json.append(",\"labels\":[\"").append(words(1)).append("\"]");
    if (random.nextBoolean()) {
      json.append(",\"size\":").append(random.nextInt(50));
      json.append(",\"price\":").append(random.nextInt(100) / 4.0);
    }
    if (random.nextInt(4) > 0) {
      json.append(",\"rank\":").append(random.nextInt(4) / 4.0);
    }
    return json.append('}').toString();
  }

  String id() {
    return "http://example.org/" + Long.toString(random.nextLong() >>> 1, 36);
  }
}
