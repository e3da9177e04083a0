package dev.heddle.shard;

import static dev.heddle.shard.Places.ALL;
import static dev.heddle.shard.Places.match;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.function.Sort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What queries match, and what they put first. */
class QueryClausesTest {
  @TempDir Path directory;
  private Places places;

  @BeforeEach
  void open() throws IOException {
    places = new Places(directory);
  }

  @AfterEach
  void close() throws IOException {
    places.close();
  }

  @Test
  void aNameThatIsTheWholeQueryWins() throws IOException {
    assertEquals(List.of("paris", "texas", "lyon"), places.ids(match("paris")));
    assertEquals(List.of("texas", "paris", "lyon"), places.ids(match("paris texas")));
    assertEquals("paris", places.ids(match("capital of france")).getFirst());
    assertEquals("paris", places.ids(match("the capitals of France")).getFirst());
  }

  @Test
  void ofDocumentsWithTheSameTextTheOneOfHigherRankWins() throws IOException {
    places.put("low", "\"title\":\"same words\",\"rank\":0.25");
    places.put("top", "\"title\":\"same words\",\"rank\":7");
    places.put("none", "\"title\":\"same words\"");
    places.shards().refresh();
    assertEquals(List.of("top", "low", "none"), places.ids(match("same words")));
    assertEquals(
        List.of("top", "low", "none"), places.ids(new Query.Phrase("title", "same words", 0)));
  }

  @Test
  void neighboursInTheQueryWinAsNeighboursInTheText() throws IOException {
    places.put("apart", "\"body\":\"stanley met the tired old kubrick again\"");
    places.put("together", "\"body\":\"again the tired old stanley kubrick met\"");
    places.shards().refresh();
    assertEquals(List.of("together", "apart"), places.ids(match("stanley kubrick")));
  }

  @Test
  void allTermsMayBeSpreadOverFields() throws IOException {
    assertEquals(List.of("lyon"), places.ids(new Query.Match("lyon cities", List.of(), true)));
    assertEquals(List.of(), places.ids(new Query.Match("lyon town", List.of(), true)));
    assertEquals(
        List.of("paris"),
        places.ids(new Query.Match("paris capital", List.of("title", "body"), true)));
    assertEquals(List.of(), places.ids(new Query.Match("paris capital", List.of("title"), true)));
    assertEquals(List.of(), places.ids(match("!?")));
  }

  @Test
  void phrasesKeepOrderAndDoNotReachOverValues() throws IOException {
    assertEquals(List.of("paris"), places.ids(new Query.Phrase("tags", "city of light", 0)));
    assertEquals(List.of(), places.ids(new Query.Phrase("tags", "light lutetia", 0)));
    assertEquals(List.of(), places.ids(new Query.Phrase("tags", "of city", 0)));
    assertEquals(List.of("paris"), places.ids(new Query.Phrase("", "is the capital", 0)));
    assertEquals(List.of("paris"), places.ids(new Query.Phrase("body", "paris capital", 2)));
  }

  @Test
  void prefixesFindWhatIsHalfTyped() throws IOException {
    assertEquals(List.of("curie"), places.ids(new Query.Prefix("labels", "mari")));
    assertEquals(List.of("curie"), places.ids(new Query.Prefix("labels", "MARÍA cu")));
    assertEquals(List.of("einstein"), places.ids(new Query.Prefix("labels", "einste")));
    assertEquals(List.of(), places.ids(new Query.Prefix("title", "")));
    assertEquals(List.of("lyon", "paris"), places.ids(new Query.Prefix("type", "ci")));
    assertEquals(List.of("lyon"), places.ids(new Query.Prefix("body", "cities")));
  }

  @Test
  void valuesAndRanges() throws IOException {
    assertEquals(List.of("lyon", "paris"), places.ids(new Query.Term("type", "city")));
    assertEquals(List.of("texas"), places.ids(new Query.Term("size", 25000L)));
    assertEquals(List.of("einstein"), places.ids(new Query.Term("price", -1L)));
    assertEquals(List.of("curie"), places.ids(new Query.Term("born", "1867-11-07")));
    assertEquals(List.of("lyon", "paris"), places.ids(range("size", 25000L, false, null, false)));
    assertEquals(
        List.of("lyon", "paris", "texas"), places.ids(range("size", 24999.5, true, 2.1e6, true)));
    assertEquals(List.of("lyon", "texas"), places.ids(range("size", null, false, 2100000L, false)));
    assertEquals(
        List.of("curie"), places.ids(range("born", "1867-11-07", true, "1867-11-07", true)));
    assertEquals(List.of("einstein"), places.ids(range("born", "1867-11-07", false, null, false)));
    assertEquals(List.of("texas"), places.ids(range("type", "d", true, null, false)));
    assertEquals(List.of(), places.ids(range("size", 5L, true, 4L, true)));
    assertEquals(List.of(), places.ids(range("size", Long.MAX_VALUE, false, null, false)));
    assertEquals(List.of("einstein", "paris"), places.ids(new Query.Exists("price")));
    assertEquals(List.of("lyon", "paris", "texas"), places.ids(new Query.Exists("place")));
    assertEquals(
        List.of("lyon", "paris"), places.ids(new Query.GeoDistance("place", 47, 3.5, 300_000)));
    assertEquals(List.of("paris"), places.ids(new Query.GeoDistance("place", 48.85, 2.35, 10)));
  }

  @Test
  void boolCombines() throws IOException {
    Query cities = new Query.Term("type", "city");
    assertEquals(
        List.of("paris"),
        places.ids(
            new Query.Bool(
                List.of(match("paris")), List.of(), List.of(match("lyon")), List.of(cities))));
    assertEquals(
        List.of("curie", "einstein", "texas"),
        places.ids(new Query.Bool(List.of(), List.of(), List.of(cities), List.of())));
    assertEquals(
        List.of("lyon", "paris"),
        places.ids(new Query.Bool(List.of(), List.of(cities), List.of(), List.of())));
    assertEquals(5, places.ids(new Query.Bool(List.of(), List.of(), List.of(), List.of())).size());
  }

  @Test
  void whatMakesNoSenseIsRefusedWithItsReason() throws IOException {
    try (ShardReader reader = places.shards().open(ALL)) {
      refused(
          reader,
          "field: colour (expected: one of body, born, extra, kinds, labels, place,"
              + " price, rank, size, tags, title, type)",
          new Query.Term("colour", "red"));
      refused(reader, "size: red (expected: an integer)", new Query.Term("size", "red"));
      refused(reader, "size: 1.5 (expected: an integer)", new Query.Term("size", 1.5));
      refused(reader, "type: 5 (expected: a string)", new Query.Term("type", 5L));
      refused(
          reader,
          "born: soon (expected: an ISO-8601 date or instant)",
          range("born", "soon", true, null, true));
      refused(
          reader,
          "field: title is text (expected: keyword, long, double or date)",
          range("title", "a", true, null, true));
      refused(
          reader,
          "field: extra is stored (expected: text, keyword, long, double, date or" + " geoPoint)",
          new Query.Exists("extra"));
      refused(
          reader,
          "field: size is long (expected: text or keyword)",
          new Query.Match("x", List.of("size"), false));
      refused(
          reader,
          "title: two words is 2 terms (expected: one; match and phrase take more)",
          new Query.Term("title", "two words"));
      Query deep = ALL;
      for (int i = 0; i < 40; i++) {
        deep = new Query.Bool(List.of(deep), List.of(), List.of(), List.of());
      }
      List<Query> many = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        many.add(match(words(i * 64, 64)));
      }
      refused(
          reader,
          "query: too many terms and fields (expected: at most 1024 together)",
          new Query.Bool(List.of(), many, List.of(), List.of()));
      refused(reader, "text: 65 terms (expected: at most 64)", match(words(0, 65)));
      refused(reader, "query: nested deeper (expected: at most 32)", deep);
      assertEquals(
          "sort: kinds is multi (expected: a field with a single value)",
          assertThrows(
                  BadRequestException.class,
                  () -> reader.search(ALL, List.of(new Sort("kinds", false)), 1, 0))
              .getMessage());
      assertThrows(
          BadRequestException.class,
          () -> reader.search(ALL, List.of(new Sort("title", false)), 1, 0));
    }
  }

  private static String words(int from, int count) {
    StringBuilder words = new StringBuilder();
    for (int i = from; i < from + count; i++) {
      words.append(" w").append(i);
    }
    return words.toString();
  }

  private static void refused(ShardReader reader, String message, Query query) {
    assertEquals(
        message, assertThrows(BadRequestException.class, () -> reader.count(query)).getMessage());
  }

  private static Query range(
      String field,
      @Nullable Object low,
      boolean withLow,
      @Nullable Object high,
      boolean withHigh) {
    return new Query.Range(
        field,
        withLow ? low : null,
        withLow ? null : low,
        withHigh ? high : null,
        withHigh ? null : high);
  }
}
