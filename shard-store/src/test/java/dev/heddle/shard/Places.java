package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.function.Query;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Sort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One shard with a few well-known documents, in two segments. */
final class Places implements AutoCloseable {
  static final Query ALL = new Query.All();

  private final LocalShards shards;

  Places(Path directory) throws IOException {
    shards = new LocalShards(directory, Things.SCHEMA, 1);
    put(
        "paris",
        "\"title\":\"Paris\",\"tags\":[\"City of Light\",\"Lutetia\"],\"body\":\"Paris is"
            + " the capital of France.\",\"type\":\"city\",\"kinds\":[\"city\",\"capital\"],"
            + "\"size\":2100000,\"price\":9.5,\"place\":[2.35,48.85],\"rank\":0.9");
    put(
        "lyon",
        "\"title\":\"Lyon\",\"body\":\"Lyon is a city in France; Paris is elsewhere.\","
            + "\"type\":\"city\",\"kinds\":[\"city\"],\"size\":520000,\"place\":[4.83,45.76],"
            + "\"rank\":0.5");
    shards.refresh();
    put(
        "texas",
        "\"title\":\"Paris (Texas)\",\"body\":\"A town; its mayor rides.\","
            + "\"type\":\"town\",\"size\":25000,\"place\":[-95.55,33.66],\"rank\":0.1");
    put(
        "curie",
        "\"title\":\"Marie Curie\",\"labels\":[\"Marie Curie\",\"María Curie\"],"
            + "\"body\":\"She died in France.\",\"born\":\"1867-11-07\",\"rank\":0.8");
    put(
        "einstein",
        "\"title\":\"Albert Einstein\",\"labels\":[\"Albert Einstein\"],"
            + "\"born\":\"1879-03-14\",\"price\":-1");
    shards.refresh();
  }

  LocalShards shards() {
    return shards;
  }

  void put(String id, String fields) {
    assertEquals("", shards.put(id, "{" + fields + "}"));
  }

  /** The ids of the ten best. */
  List<String> ids(Query query) throws IOException {
    try (ShardReader reader = shards.open(query)) {
      return ids(reader, query, List.of());
    }
  }

  /** All ids in this order. */
  List<String> sorted(Sort sort) throws IOException {
    try (ShardReader reader = shards.open(ALL)) {
      return ids(reader, ALL, List.of(sort));
    }
  }

  private static List<String> ids(ShardReader reader, Query query, List<Sort> sort) {
    return reader.search(query, sort, 10, 0).documents().stream().map(TopDocument::id).toList();
  }

  static Query match(String text) {
    return new Query.Match(text, List.of(), false);
  }

  @Override
  public void close() throws IOException {
    shards.close();
  }
}
