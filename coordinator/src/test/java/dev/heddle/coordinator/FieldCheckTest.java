package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.plan.FieldCheck;
import dev.heddle.function.Aggregation;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FieldCheckTest {
  private static ScatterRequest request(
      Query query, List<String> fields, List<Sort> sort, Map<String, Aggregation> aggs) {
    return new ScatterRequest(query, 10, fields, sort, aggs, Optional.empty(), 0, JsonObject.EMPTY);
  }

  private static void refused(ScatterRequest request, String where) {
    var schema = Fixtures.dataset(1).schema();
    var failure = assertThrows(HeddleException.class, () -> FieldCheck.check(request, schema));
    assertEquals(ErrorCode.UNKNOWN_FIELD, failure.code());
    var message = String.valueOf(failure.getMessage());
    assertTrue(message.startsWith(where + ": colour (expected: "), message);
  }

  @Test
  void namesTheUnknownFieldAndWhereItStands() {
    var all = new Query.All();
    var nested = Query.filtered(all, Query.filtered(all, new Query.Term("colour", "red")));
    refused(request(nested, List.of(), List.of(), Map.of()), "term");
    refused(request(all, List.of("title", "colour"), List.of(), Map.of()), "fields");
    refused(request(all, List.of(), List.of(new Sort("colour", true)), Map.of()), "sort");
    refused(
        request(all, List.of(), List.of(), Map.of("x", new Aggregation.Terms("colour", 5))),
        "aggs.x");
  }

  @Test
  void looksWithinAggregations() {
    var all = new Query.All();
    var inner = new Aggregation.Stats("colour");
    var terms = new Aggregation.Terms("title", 5, Map.of("y", inner));
    refused(request(all, List.of(), List.of(), Map.of("x", terms)), "aggs.x.aggs.y");
    var sorted = new Aggregation.TopHits(3, List.of(new Sort("colour", true)), List.of());
    terms = new Aggregation.Terms("title", 5, Map.of("y", sorted));
    refused(request(all, List.of(), List.of(), Map.of("x", terms)), "aggs.x.aggs.y.sort");
    var shown = new Aggregation.TopHits(3, List.of(), List.of("title", "colour"));
    terms = new Aggregation.Terms("title", 5, Map.of("y", shown));
    refused(request(all, List.of(), List.of(), Map.of("x", terms)), "aggs.x.aggs.y.fields");
  }

  @Test
  void bestDocumentsByScorePass() {
    var best = new Aggregation.TopHits(3, List.of(new Sort(Sort.SCORE, true)), List.of("title"));
    var terms = new Aggregation.Terms("title", 5, Map.of("best", best));
    assertDoesNotThrow(() ->
        FieldCheck.check(
            request(new Query.All(), List.of(), List.of(), Map.of("x", terms)),
            Fixtures.dataset(1).schema()));
  }

  @Test
  void knownFieldsAndTheScorePass() {
    assertDoesNotThrow(() ->
        FieldCheck.check(
            request(
                new Query.Match("moby", List.of("title"), false),
                List.of("title"),
                List.of(new Sort(Sort.SCORE, true)),
                Map.of()),
            Fixtures.dataset(1).schema()));
  }
}
