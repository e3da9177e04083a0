package dev.heddle.loadtest.query;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.testing.ScriptedDataset;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.loadtest.testing.ScriptedServer.Request;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class QueryGeneratorTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final ObjectNode NOTHING = JSON.createObjectNode();
  private final ScriptedDataset dataset =
      new ScriptedDataset(300, (number, answer) -> new Reply.Json(200, answer.toString()));

  private JsonNode ask(String method, String body) {
    var request = new Request(1, method, "/v1/datasets/books", Map.of(), body);
    return dataset.answer(request) instanceof Reply.Json json
        ? JSON.readTree(json.body())
        : NOTHING;
  }

  private QueryGenerator generator(long seed) {
    var shape = DatasetShape.of(ask("GET", ""));
    var random = new Random(seed);
    var documents =
        new DocumentSample(random, shape, query -> ask("POST", query.toString())).draw(100);
    return new QueryGenerator(random, shape, documents);
  }

  @Test
  void readsFromTheSchemaWhatQueriesCanBeMadeFor() {
    assertEquals(
        new DatasetShape(
            List.of("title", "body"), List.of("topic", "shelf", "isbn"), Optional.of("rank")),
        DatasetShape.of(ask("GET", "")));
  }

  @Test
  void makesDifferentQueriesOfEachKindInEqualShares() {
    var queries = generator(1).generate(300, NOTHING);

    assertEquals(300, new HashSet<>(queries.stream().map(WorkloadQuery::json).toList()).size());
    assertEquals(
        Map.of(
            QueryKind.SINGLE_TERM, 75L,
            QueryKind.MULTI_TERM, 75L,
            QueryKind.PHRASE, 75L,
            QueryKind.FILTER_FACET, 75L),
        queries.stream().collect(groupingBy(WorkloadQuery::kind, counting())));
  }

  @Test
  void everyQueryFindsSomething() {
    for (var query : generator(2).generate(200, NOTHING)) {
      var hits = ask("POST", query.json()).path("hits");
      assertFalse(hits.isEmpty(), query.json());
    }
  }

  @Test
  void theSeedDecidesTheQueries() {
    var queries = generator(3).generate(100, NOTHING);
    assertEquals(queries, generator(3).generate(100, NOTHING));
    assertNotEquals(queries, generator(4).generate(100, NOTHING));
  }

  @Test
  void facetsCountTheFieldsWhoseValuesRepeatMost() {
    var queries = generator(5).generate(40, NOTHING);
    var facets = new HashSet<String>();
    queries.stream()
        .filter(query -> query.kind() == QueryKind.FILTER_FACET)
        .map(query -> JSON.readTree(query.json()))
        .forEach(query -> facets.addAll(query.path("aggs").propertyNames()));
    assertEquals(Set.of("topic", "shelf"), facets);
  }

  @Test
  void addsWhatIsAskedForToEachQuery() {
    var with = JSON.createObjectNode().put("k", 100);
    for (var query : generator(6).generate(20, with)) {
      assertEquals(100, JSON.readTree(query.json()).path("k").asInt(0), query.json());
    }
  }

  @Test
  void leavesOutFacetsWhereThereAreNoKeywords() {
    var document =
        new SampledDocument("a", JSON.createObjectNode().put("t", "alpha beta gamma delta eps"));
    var shape = new DatasetShape(List.of("t"), List.of(), Optional.empty());
    var generator = new QueryGenerator(new Random(1), shape, List.of(document));
    assertEquals(
        List.of(QueryKind.SINGLE_TERM, QueryKind.MULTI_TERM, QueryKind.PHRASE), generator.kinds());
  }

  @Test
  void tellsWhenTheDocumentsDoNotGiveSoManyQueries() {
    var document = new SampledDocument("a", JSON.createObjectNode().put("t", "alpha beta"));
    var shape = new DatasetShape(List.of("t"), List.of(), Optional.empty());
    var generator = new QueryGenerator(new Random(1), shape, List.of(document));
    var refusal = assertThrows(HeddleException.class, () -> generator.generate(30, NOTHING));
    assertEquals(
        "queries: 2 different of kind single term from 1 documents (expected: 10; ask for fewer,"
            + " or give a file of queries)",
        refusal.getMessage());
  }

  @Test
  void phrasesAreNeighboursThatBeginAndEndWithTellingWords() {
    assertEquals(List.of("bridge of sighs"), Words.phrases("The bridge of sighs, Venice", 3));
    assertEquals(List.of(), Words.phrases("bridge, sighs; and Venice", 2));
    assertEquals(List.of("bridge", "sighs"), Words.of("A bridge of sighs, it was."));
    assertTrue(Words.phrases("", 2).isEmpty());
  }
}
