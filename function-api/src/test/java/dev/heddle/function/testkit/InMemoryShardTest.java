package dev.heddle.function.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.StoppedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class InMemoryShardTest {
  private final InMemoryShard shard =
      InMemoryShard.builder("cities", 0)
          .segmentSize(2)
          .field("name", FieldKind.TEXT)
          .field("country", FieldKind.KEYWORD)
          .field("people", FieldKind.LONG)
          .field("founded", FieldKind.DATE)
          .field("at", FieldKind.GEO_POINT)
          .document(
              "berlin",
              Map.of(
                  "name",
                  "Berlin on the Spree",
                  "country",
                  "DE",
                  "people",
                  3_700_000,
                  "founded",
                  "1237-01-01",
                  "at",
                  Map.of("lat", 52.52, "lon", 13.40)))
          .document(
              "potsdam",
              Map.of("name", "Potsdam \"near\" Berlin", "at", Map.of("lat", 52.40, "lon", 13.06)))
          .document("paris", Map.of("name", "Paris", "country", List.of("FR", "FR")))
          .build();

  private List<String> ids(Query query) {
    return shard.search(query, List.of(), 10, 10).documents().stream()
        .map(top -> top.id())
        .toList();
  }

  @Test
  void aRangeHasBounds() {
    var thrown =
        assertThrows(
            BadRequestException.class, () -> new Query.Range("founded", null, null, null, null));
    assertEquals(
        "range founded: no bounds (expected: gte, gt, lte or lt; or exists)", thrown.getMessage());
  }

  @Test
  void understandsEveryClause() {
    assertEquals(List.of("berlin", "potsdam"), ids(new Query.Match("berlin", List.of(), false)));
    assertEquals(List.of("berlin"), ids(new Query.Match("berlin spree", List.of("name"), true)));
    assertEquals(List.of("potsdam"), ids(new Query.Phrase("name", "near berlin", 0)));
    assertEquals(List.of("berlin"), ids(new Query.Phrase("", "berlin spree", 2)));
    assertEquals(List.of(), ids(new Query.Phrase("", "berlin spree", 1)));
    assertEquals(List.of("paris"), ids(new Query.Prefix("name", "par")));
    assertEquals(List.of("berlin"), ids(new Query.Term("country", "DE")));
    assertEquals(List.of("berlin"), ids(new Query.Term("people", 3_700_000L)));
    assertEquals(
        List.of("berlin"), ids(new Query.Range("founded", "1200-01-01", null, null, "1300-01-01")));
    assertEquals(List.of("berlin", "paris"), ids(new Query.Exists("country")));
    assertEquals(
        List.of("berlin", "potsdam"), ids(new Query.GeoDistance("at", 52.5, 13.3, 50_000)));
    assertEquals(
        List.of("potsdam"),
        ids(
            new Query.Bool(
                List.of(new Query.Match("berlin", List.of(), false)),
                List.of(),
                List.of(new Query.Exists("country")),
                List.of())));
    assertEquals(3, shard.count(new Query.All()));
  }

  @Test
  void showsColumnsBySegment() {
    var seen = new ArrayList<String>();
    shard.forEach(
        new Query.All(),
        segment -> {
          var countries = segment.keywords("country");
          return (document, score) -> {
            if (countries.advance(document)) {
              for (int left = countries.count(); left > 0; left--) {
                seen.add(segment.base() + document + countries.term(countries.next()));
              }
            }
          };
        });
    assertEquals(List.of("0DE", "2FR"), seen);
  }

  @Test
  void returnsAndHighlightsWhatIsStored() {
    var stored =
        shard.document(
            1, List.of("name"), new Query.Match("berlin", List.of(), false), List.of("name"));
    assertEquals(
        "{\"name\":\"Potsdam \\u0022near\\u0022 Berlin\"}",
        new String(stored.json(), StandardCharsets.UTF_8));
    assertEquals(Map.of("name", List.of("Potsdam \"near\" <em>Berlin</em>")), stored.highlights());
  }

  @Test
  void refusesUnknownFieldsAndStopsWhenTold() {
    assertThrows(BadRequestException.class, () -> shard.kind("mayor"));
    assertThrows(BadRequestException.class, () -> ids(new Query.Term("founded", "long ago")));
    var stopped =
        InMemoryShard.builder("d", 0)
            .field("n", FieldKind.LONG)
            .stopped(() -> true)
            .document("a", Map.of("n", 1))
            .build();
    assertThrows(StoppedException.class, () -> stopped.count(new Query.All()));
  }
}
