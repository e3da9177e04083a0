package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.function.testkit.ScatterLaws;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class SearchFunctionTest {
  private final long seed = new Random().nextLong();
  private final Library library = Library.random(400, seed);
  private static final Coverage COMPLETE = new Coverage(6, 6, 6, 2, 0, 2, List.of());

  private static Map<String, Aggregation> aggs() {
    var aggs = new LinkedHashMap<String, Aggregation>();
    aggs.put("topics", new Aggregation.Terms("topic", 5));
    aggs.put("authors", new Aggregation.Terms("author", 3));
    aggs.put(
        "prices",
        new Aggregation.Ranges(
            "price",
            List.of(
                new Aggregation.Ranges.Bucket("", null, 0L),
                new Aggregation.Ranges.Bucket("", 0.0, 10.5),
                new Aggregation.Ranges.Bucket("high", 10L, null))));
    aggs.put(
        "published",
        new Aggregation.Ranges(
            "published",
            List.of(
                new Aggregation.Ranges.Bucket("old", null, "1950"),
                new Aggregation.Ranges.Bucket("new", "1950-01", "2021-01-01T00:00:00Z"))));
    return aggs;
  }

  private List<ScatterRequest> requests() {
    return List.of(
        Library.request(Library.words("weft loom"), 10),
        Library.request(Library.words("weft loom"), 0, List.of(), aggs()),
        Library.request(new Query.All(), 25, List.of(), aggs()),
        Library.request(
            new Query.All(),
            30,
            List.of(new Sort("pages", true), new Sort("price", false)),
            aggs()),
        Library.request(
            Library.words("reed"),
            15,
            List.of(new Sort("author", false), new Sort(Sort.SCORE, true)),
            Map.of()),
        Library.request(Library.words("nothing"), 10, List.of(), aggs()));
  }

  @Test
  void answersAsOneShardHoweverTheDocumentsAreCut() throws Exception {
    for (var request : requests()) {
      var whole = Library.run(request, library.shards(1, 1000));
      for (int shards = 2; shards < 6; shards++) {
        var cut = Library.run(request, library.shards(shards, 30));
        assertEquals(ids(whole), ids(cut), () -> "seed " + seed);
        assertEquals(whole.total(), cut.total(), () -> "seed " + seed);
        assertEquals(whole.aggs(), cut.aggs(), () -> "seed " + seed);
      }
    }
  }

  @Test
  void keepsItsLaws() {
    for (var request : requests()) {
      ScatterLaws.check(SearchFunction::new, request, library.shards(4, 30), seed);
    }
  }

  private static List<String> buckets(SearchResult result, String name) {
    return ((Buckets) Optional.ofNullable(result.aggs().get(name)).orElseThrow())
        .buckets().stream().map(bucket -> bucket.key() + ": " + bucket.count()).toList();
  }

  private static List<String> ids(SearchResult result) {
    return result.hits().stream().map(SearchHit::id).toList();
  }

  @Test
  void ranksByScoreThenById() throws Exception {
    var shards =
        List.of(
            books(0, "b", "loom", "d", "warp loom"),
            books(1, "c", "loom", "a", "loom", "e", "reed"));
    var result = Library.run(Library.request(Library.words("warp loom"), 10), List.copyOf(shards));
    assertEquals(List.of("d", "a", "b", "c"), ids(result));
    assertEquals(0, result.hits().get(0).shard());
    assertEquals(1, result.hits().get(1).shard());
    assertEquals(4, result.total());
  }

  private static InMemoryShard books(int shard, String... idsAndTitles) {
    var builder = InMemoryShard.builder("books", shard).field("title", FieldKind.TEXT);
    for (int i = 0; i < idsAndTitles.length; i += 2) {
      builder.document(idsAndTitles[i], Map.of("title", idsAndTitles[i + 1]));
    }
    return builder.build();
  }

  /** Asked for two hits only. */
  private static SearchPartial trimmed(InMemoryShard shard) {
    var function = new SearchFunction();
    return function.leaf(function.prepare(Library.request(Library.words("loom"), 2)), shard);
  }

  @Test
  void whoHasFoundAllThatMatchesLacksNothing() {
    var root = new SearchFunction();
    var query = root.prepare(Library.request(Library.words("loom"), 4));
    var two = trimmed(books(0, "a", "loom", "b", "loom", "c", "reed"));
    var three = trimmed(books(1, "d", "loom", "e", "loom", "f", "loom"));
    var merged = root.merge(two, three);
    assertEquals(4, merged.hits.length);
    assertFalse(root.lacks(query, merged, two, 2));
    assertFalse(root.lacks(query, merged, three, 2));
    assertTrue(root.lacks(query, three, three, 2));
    assertTrue(
        root.lacks(query, merged, trimmed(books(1, "A", "loom", "B", "loom", "C", "loom")), 2));
    assertFalse(root.lacks(query, two, two, 2));
  }

  @Test
  void whatIsCutEndsWithTheLastHitThatIsCertain() {
    var root = new SearchFunction();
    var query = root.prepare(Library.request(Library.words("loom"), 4));
    var one = trimmed(books(0, "a", "loom", "c", "loom", "x", "loom"));
    var other = trimmed(books(1, "b", "loom", "d", "loom", "y", "loom"));
    var merged = root.merge(one, other);
    var cut = root.cut(query, merged, one);
    assertEquals(List.of("a", "b", "c"), ids(root.finish(query, cut, COMPLETE)));
    assertEquals(List.of("a", "b", "c", "d"), ids(root.finish(query, merged, COMPLETE)));
    assertEquals(6, cut.total);
    // However few there are.
    assertTrue(root.lacks(query, cut, cut, 0));
  }

  /** Merged of two shards, of which only one was told: what it has below the bar is not all. */
  @Test
  void nothingBelowABarThatDoesNotHoldIsCertain() {
    var root = new SearchFunction();
    var query = root.prepare(Library.request(Library.words("loom reed weft"), 6));
    var shard = books(0, "a", "loom reed weft", "b", "loom reed", "c", "loom");
    var all = root.leaf(query, shard);
    assertTrue(all.hits[0].score > all.hits[1].score && all.hits[1].score > all.hits[2].score);
    var bar = new Bound(all.hits[1].score);
    assertEquals(
        List.of("a", "b", "c"), ids(root.finish(query, root.cut(query, all, all), COMPLETE)));
    var cut = root.cut(query, all, all, bar);
    assertEquals(List.of("a", "b"), ids(root.finish(query, cut, COMPLETE)));
    assertEquals(3, cut.total);
  }

  @Test
  void returnsStoredFieldsAndHighlightsEveryReturnedTextField() throws Exception {
    var request = Library.request(Library.words("weft"), 1);
    var hit = Library.run(request, library.shards(2, 50)).hits().getFirst();
    var json = new String(hit.json(), StandardCharsets.UTF_8);
    assertTrue(json.startsWith("{\"title\":\""), json);
    assertEquals(List.of("title"), List.copyOf(hit.highlights().keySet()));
    assertTrue(hit.highlights().toString().contains("<em>weft</em>"));
  }

  @Test
  void highlightsNothingWhereThatIsAskedFor() throws Exception {
    var request =
        new ScatterRequest(
            Library.words("weft"),
            1,
            List.of(),
            List.of(),
            Map.of(),
            Optional.of(List.of()),
            1000,
            JsonObject.EMPTY);
    var hit = Library.run(request, library.shards(2, 50)).hits().getFirst();
    assertEquals(Map.of(), hit.highlights());
    assertTrue(new String(hit.json(), StandardCharsets.UTF_8).contains("\"published\":"));
  }

  @Test
  void sortsDocumentsWithoutTheFieldLastInBothDirections() throws Exception {
    for (boolean descending : new boolean[] {true, false}) {
      var request =
          Library.request(new Query.All(), 400, List.of(new Sort("pages", descending)), Map.of());
      var hits = Library.run(request, library.shards(3, 50)).hits();
      boolean missing = false;
      for (var hit : hits) {
        boolean lacks = hit.sortValues().getFirst() instanceof Long ? false : true;
        assertTrue(lacks || !missing, () -> "seed " + seed);
        missing |= lacks;
      }
      assertTrue(missing, () -> "seed " + seed);
    }
  }

  @Test
  void namesOpenRangesAndCountsADocumentOnceARange() throws Exception {
    var shard =
        InMemoryShard.builder("numbers", 0)
            .field("n", FieldKind.LONG)
            .document("a", Map.of("n", List.of(1, 2, 3)))
            .document("b", Map.of("n", 2))
            .document("c", Map.of("n", 10))
            .build();
    var aggs =
        Map.<String, Aggregation>of(
            "n",
            new Aggregation.Ranges(
                "n",
                List.of(
                    new Aggregation.Ranges.Bucket("", null, 3L),
                    new Aggregation.Ranges.Bucket("", 2L, 4L),
                    new Aggregation.Ranges.Bucket("", 2.5, null))));
    var result =
        Library.run(
            new ScatterRequest(
                new Query.All(),
                0,
                List.of(),
                List.of(),
                aggs,
                Optional.empty(),
                1000,
                JsonObject.EMPTY),
            List.of(shard));
    assertEquals(List.of("*..3: 2", "2..4: 2", "2.5..*: 2"), buckets(result, "n"));
  }

  @Test
  void refusesWhatTheSchemaDoesNotAllow() {
    refused("sort: title is a text field (expected: keyword, long, double, date)", sort("title"));
    refused(
        "sort: place is a geoPoint field (expected: keyword, long, double, date)", sort("place"));
    refused(
        "aggs.x: title is a text field (expected: keyword)",
        agg(new Aggregation.Terms("title", 10)));
    refused(
        "aggs.x: topic is a keyword field (expected: long, double, date)",
        agg(new Aggregation.Ranges("topic", List.of(new Aggregation.Ranges.Bucket("", 1L, null)))));
    refused(
        "aggs.x.ranges[0].from: abc (expected: a number)",
        agg(
            new Aggregation.Ranges(
                "pages", List.of(new Aggregation.Ranges.Bucket("", "abc", null)))));
    refused(
        "aggs.x.ranges[0]: 5 to 3 (expected: from below to)",
        agg(new Aggregation.Ranges("pages", List.of(new Aggregation.Ranges.Bucket("", 5L, 3L)))));
    refused(
        "aggs.x.ranges[0].to: 1969-13-01 (expected: an ISO-8601 date such as 1969-07-20 or"
            + " 1969-07-20T20:17:40Z)",
        agg(
            new Aggregation.Ranges(
                "published", List.of(new Aggregation.Ranges.Bucket("", null, "1969-13-01")))));
  }

  private void refused(String message, ScatterRequest request) {
    var shards = library.shards(1, 50);
    var thrown = assertThrows(BadRequestException.class, () -> Library.run(request, shards));
    assertEquals(message, thrown.getMessage());
  }

  private static ScatterRequest sort(String field) {
    return Library.request(new Query.All(), 1, List.of(new Sort(field, false)), Map.of());
  }

  private static ScatterRequest agg(Aggregation aggregation) {
    return Library.request(new Query.All(), 1, List.of(), Map.of("x", aggregation));
  }

  @Test
  void refusesArguments() {
    var request =
        new ScatterRequest(
            new Query.All(),
            1,
            List.of(),
            List.of(),
            Map.of(),
            Optional.empty(),
            0,
            JsonObject.of(Map.of("size", 1)));
    var thrown =
        assertThrows(BadRequestException.class, () -> new SearchFunction().prepare(request));
    assertEquals("size: unknown (expected: nothing)", thrown.getMessage());
  }

  @Test
  void answersWithoutAnyShard() {
    var function = new SearchFunction();
    var query = function.prepare(Library.request(new Query.All(), 10, List.of(), aggs()));
    var none = new Coverage(0, 0, 5, 0, 0, 1, List.of(new Coverage.Missing(0, "failed", "")));
    var result = function.finish(query, null, none);
    assertEquals(List.of(), result.hits());
    assertFalse(result.exact());
    assertEquals(List.of("*..0: 0", "0.0..10.5: 0", "high: 0"), buckets(result, "prices"));
  }
}
