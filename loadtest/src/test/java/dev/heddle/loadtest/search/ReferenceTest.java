package dev.heddle.loadtest.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.search.Found.Hit;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReferenceTest {
  private static final SearchDocuments DOCUMENTS = documents();
  private static final List<SearchKind> KINDS = List.of(SearchKind.values());

  @TempDir Path directory;

  /** Three hundred texts of words that are the rarer the higher their number. */
  private static SearchDocuments documents() {
    var random = new Random(7);
    var all = new ArrayList<SearchDocuments.One>();
    for (int i = 0; i < 300; i++) {
      var text = new StringBuilder();
      for (int left = 30; left > 0; left--) {
        text.append("Word").append((int) (60 * Math.pow(random.nextDouble(), 2))).append(' ');
      }
      var types = List.of("type" + random.nextInt(15), "all");
      all.add(
          new SearchDocuments.One("id-%03d".formatted(i), "title " + i, text.toString(), types));
    }
    return new SearchDocuments(all);
  }

  private static List<SearchQuery> queries() {
    return new SearchQueries(new Random(3), DOCUMENTS).make(KINDS, 5);
  }

  @Test
  void queriesAreAlikeForTheSameSeedAndFindSomething() throws Exception {
    var queries = queries();
    assertEquals(queries, queries());
    assertEquals(5 * KINDS.size(), queries.size());
    try (var floors = new SearchFloors(directory, DOCUMENTS, 1)) {
      for (var query : queries) {
        if (query.kind() != SearchKind.BOOLEAN) {
          assertTrue(floors.single().count(query) > 0, query::line);
        }
        assertEquals(query, SearchQuery.parse(query.line()));
      }
    }
    assertThrows(HeddleException.class, () -> SearchQuery.parse("MATCH one"));
  }

  @Test
  void theSingleIndexIsRightAndShardsFindAsMany() throws Exception {
    var queries = queries();
    try (var floors = new SearchFloors(directory, DOCUMENTS, 4)) {
      var reference = new Reference(floors.single(), queries);
      for (int i = 0; i < queries.size(); i++) {
        var single = floors.single().search(queries.get(i));
        assertEquals(Optional.empty(), reference.check(i, single, true));
        assertEquals(1.0, reference.shareOfBest(i, single));
        var shards = floors.fanOut().search(queries.get(i));
        assertEquals(Optional.empty(), reference.check(i, shards, false));
        assertEquals(shards, floors.fanOut().inSequence(queries.get(i)));
        assertEquals(shards, FoundBytes.read(FoundBytes.write(shards)));
      }
    }
  }

  @Test
  void whatIsWrongIsSeen() throws Exception {
    var queries =
        List.of(
            new SearchQuery(SearchKind.MATCH, List.of("word1", "word9")),
            new SearchQuery(SearchKind.TERMS, List.of("word1")));
    try (var floors = new SearchFloors(directory, DOCUMENTS, 1)) {
      var reference = new Reference(floors.single(), queries);
      var right = floors.single().search(queries.getFirst());
      var hits = right.hits();

      assertWrong(reference, 0, found(right.total() + 1, hits), "total");
      assertWrong(reference, 0, found(right.total(), hits.subList(1, 10)), "hits: 9");
      var first = hits.getFirst();
      var higher = new ArrayList<>(hits);
      higher.set(0, new Hit(first.id(), first.score() + 0.1f));
      assertWrong(reference, 0, found(right.total(), higher), "hit 1");
      var other = new ArrayList<>(hits);
      other.set(0, new Hit("id-nobody", first.score()));
      assertWrong(reference, 0, found(right.total(), other), "hit 1");
      assertEquals(0.9, reference.shareOfBest(0, found(right.total(), other)), 1e-9);
      assertWrong(
          reference,
          0,
          new Found(right.total(), true, hits, Map.of(), "coverage: 3 of 4"),
          "coverage");

      var counts = floors.single().search(queries.getLast());
      var fewer = new HashMap<>(counts.buckets());
      fewer.merge("all", -1L, Long::sum);
      assertWrong(reference, 1, new Found(counts.total(), true, List.of(), fewer, ""), "counts");
    }
  }

  private static Found found(long total, List<Hit> hits) {
    return new Found(total, true, hits, Map.of(), "");
  }

  private static void assertWrong(Reference reference, int query, Found found, String told) {
    var problem = reference.check(query, found, true);
    assertTrue(problem.isPresent() && problem.get().contains(told), problem::toString);
  }

  @Test
  void answersAreReadAsTheyComeOverHttp() {
    var ours =
        AnswerJson.heddle(
            bytes(
                """
                {"hits":[{"id":"a","score":1.5,"shard":0}],"total":{"value":1,"relation":"eq"},
                 "aggs":{"t":{"buckets":[{"key":"x","count":7}]}},
                 "coverage":{"seen":3,"active":3,"target":3,"missing":[]}}
                """));
    assertEquals(new Found(1, true, List.of(new Hit("a", 1.5f)), Map.of("x", 7L), ""), ours);
    var partial =
        AnswerJson.heddle(
            bytes("{\"hits\":[],\"total\":{},\"coverage\":{\"seen\":2,\"target\":3}}"));
    assertTrue(partial.problem().startsWith("coverage"), partial::problem);

    var theirs =
        AnswerJson.openSearch(
            bytes(
                """
                {"timed_out":false,"_shards":{"total":8,"failed":0},
                 "hits":{"total":{"value":1000,"relation":"gte"},"hits":[{"_id":"a","_score":2.5}]},
                 "aggregations":{"t":{"buckets":[{"key":"x","doc_count":7}]}}}
                """));
    assertEquals(new Found(1_000, false, List.of(new Hit("a", 2.5f)), Map.of("x", 7L), ""), theirs);
    assertTrue(AnswerJson.openSearch(bytes("{}")).problem().startsWith("shards"));
  }

  @Test
  void theSlopeOfAStraightLineIsItsOwn() {
    assertEquals(
        2.5,
        ShardsExperiment.slope(List.of(new Point(1, 12.5), new Point(2, 15), new Point(128, 330))),
        1e-9);
    assertEquals(0, ShardsExperiment.slope(List.of(new Point(1, 3))));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
