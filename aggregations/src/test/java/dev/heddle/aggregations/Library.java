package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import dev.heddle.function.testkit.InMemoryShard;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A corpus of random books, cut into any number of shards, and ways to ask it. */
final class Library {
  private static final String[] WORDS = {"weft", "warp", "loom", "reed", "shed", "pick", "selvage"};

  private record Book(String id, Map<String, Object> fields) {}

  private final List<Book> books = new ArrayList<>();

  static Library random(int size, long seed) {
    var random = new Random(seed);
    var library = new Library();
    for (int i = 0; i < size; i++) {
      var fields = new LinkedHashMap<String, Object>();
      var title = new StringBuilder();
      for (int words = 1 + random.nextInt(4); words > 0; words--) {
        title.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
      }
      fields.put("title", title.toString().strip());
      fields.put("notes", "page " + i);
      fields.put("topic", List.of("topic" + random.nextInt(8), "topic" + random.nextInt(20)));
      fields.put("author", "author" + random.nextInt(40));
      if (random.nextInt(4) > 0) {
        fields.put("pages", random.nextInt(500));
      }
      if (random.nextInt(4) > 0) {
        fields.put("price", random.nextInt(1000) / 10.0 - 20);
      }
      fields.put(
          "published",
          "%d-%02d-%02dT%02d:30:00Z"
              .formatted(
                  1900 + random.nextInt(120),
                  1 + random.nextInt(12),
                  1 + random.nextInt(28),
                  random.nextInt(24)));
      if (random.nextInt(4) > 0) {
        fields.put(
            "place",
            Map.of("lat", random.nextDouble() * 180 - 90, "lon", random.nextDouble() * 360 - 180));
      }
      library.books.add(new Book("book-" + i, fields));
    }
    return library;
  }

  /** The values of a field of all books, lists laid flat; books without the field are left out. */
  List<List<Object>> values(String field) {
    var all = new ArrayList<List<Object>>();
    for (var book : books) {
      var value = book.fields.get(field);
      if (value != null) {
        all.add(value instanceof List<?> list ? List.copyOf(list) : List.of(value));
      }
    }
    return all;
  }

  /** The books, each as its fields. */
  List<Map<String, Object>> books() {
    return books.stream().map(Book::fields).toList();
  }

  List<InMemoryShard> shards(int count, int segmentSize) {
    var shards = new ArrayList<InMemoryShard>();
    for (int number = 0; number < count; number++) {
      var shard =
          InMemoryShard.builder("books", number)
              .segmentSize(segmentSize)
              .field("title", FieldKind.TEXT)
              .field("notes", FieldKind.TEXT)
              .field("topic", FieldKind.KEYWORD)
              .field("author", FieldKind.KEYWORD)
              .field("pages", FieldKind.LONG)
              .field("price", FieldKind.DOUBLE)
              .field("published", FieldKind.DATE)
              .field("place", FieldKind.GEO_POINT);
      for (var book : books) {
        if (Math.floorMod(book.id.hashCode(), count) == number) {
          shard.document(book.id, book.fields);
        }
      }
      shards.add(shard.build());
    }
    return shards;
  }

  /**
   * What the platform does: leaves on one node, merged, completed, sent, and finished elsewhere.
   */
  static SearchResult run(ScatterRequest request, List<? extends Shard> shards) throws Exception {
    var leaf = new SearchFunction();
    var query = leaf.prepare(request);
    SearchPartial merged = null;
    for (var shard : shards) {
      var partial = leaf.leaf(query, shard);
      merged = merged == null ? partial : leaf.merge(merged, partial);
    }
    if (merged != null) {
      merged = leaf.complete(query, merged);
    }
    return leaf.finish(query, merged, everything(shards.size()));
  }

  static Coverage everything(int shards) {
    return new Coverage(1, 1, 1, shards, 0, shards, List.of());
  }

  static ScatterRequest request(Query query, int k) {
    return request(query, k, List.of(), Map.of());
  }

  static ScatterRequest request(
      Query query, int k, List<Sort> sort, Map<String, Aggregation> aggs) {
    return new ScatterRequest(
        query, k, List.of("title"), sort, aggs, Optional.empty(), 1000, JsonObject.EMPTY);
  }

  static Query words(String text) {
    return new Query.Match(text, List.of("title"), false);
  }
}
