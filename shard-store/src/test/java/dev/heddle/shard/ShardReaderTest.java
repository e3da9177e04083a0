package dev.heddle.shard;

import static dev.heddle.shard.Places.ALL;
import static dev.heddle.shard.Places.match;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Query;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Shard.TopDocuments;
import dev.heddle.function.Sort;
import dev.heddle.function.StoppedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader gives, and when it refuses. */
class ShardReaderTest {
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
  void missingValuesComeLastInBothDirections() throws IOException {
    assertEquals(
        List.of("texas", "lyon", "paris", "curie", "einstein"),
        places.sorted(new Sort("size", false)));
    assertEquals(
        List.of("paris", "lyon", "texas", "curie", "einstein"),
        places.sorted(new Sort("size", true)));
    assertEquals(
        List.of("lyon", "paris", "texas", "curie", "einstein"),
        places.sorted(new Sort("type", false)));
    assertEquals(
        List.of("texas", "lyon", "paris", "curie", "einstein"),
        places.sorted(new Sort("type", true)));
    try (ShardReader reader = places.shards().open(ALL)) {
      TopDocument last =
          reader
              .search(ALL, List.of(new Sort("size", false), new Sort("born", true)), 5, 0)
              .documents()
              .getLast();
      assertEquals("curie", last.id());
      assertEquals(List.of(TopDocument.MISSING, -3223584000000L), last.sortValues());
    }
  }

  @Test
  void totalsAreExactUpToTheGivenCount() throws IOException {
    for (int i = 0; i < 3_000; i++) {
      places.put("x" + i, "\"title\":\"" + (i % 7 == 0 ? "seldom often" : "common often") + "\"");
    }
    places.shards().refresh();
    Query query = match("common seldom");
    try (ShardReader reader = places.shards().open(query)) {
      TopDocuments exact = reader.search(query, List.of(), 3, 3_000);
      assertTrue(exact.exact());
      assertEquals(3_000, exact.total());
      TopDocuments rough = reader.search(query, List.of(), 3, 100);
      assertFalse(rough.exact());
      assertTrue(rough.total() > 100 && rough.total() < 3_000, "seen " + rough.total());
      assertEquals(exact.documents(), rough.documents());
      assertEquals(3_000, reader.count(query));
      assertEquals(429, reader.frequency("title", "seldom"));
    }
    Query often = new Query.Term("title", "often");
    try (ShardReader reader = places.shards().open(often)) {
      TopDocuments known = reader.search(often, List.of(), 3, 0);
      assertTrue(known.exact(), "one term's matches are known without counting");
      assertEquals(3_000, known.total());
    }
  }

  @Test
  void collectorsSeeEveryMatchInTheSamePass() throws IOException {
    Query query = match("france");
    try (ShardReader reader = places.shards().open(query)) {
      List<String> seen = new ArrayList<>();
      Shard.Collector collector =
          new Shard.Collector() {
            @Override
            public Shard.SegmentCollector enter(Shard.Segment segment) {
              Shard.KeywordValues kinds = segment.keywords("kinds");
              Shard.LongValues size = segment.longs("size");
              Shard.GeoValues place = segment.points("place");
              return (document, score) -> {
                StringBuilder line = new StringBuilder();
                if (kinds.advance(document)) {
                  for (int i = kinds.count(); i > 0; i--) {
                    line.append(kinds.term(kinds.next())).append(' ');
                  }
                }
                line.append(size.advance(document) ? size.next() : -1).append(' ');
                if (place.advance(document)) {
                  place.next();
                  line.append(Math.round(place.latitude() * 100)).append(' ');
                  line.append(Math.round(place.longitude() * 100)).append(' ');
                }
                seen.add(line + (score > 0 ? "scored" : "unscored"));
              };
            }

            @Override
            public boolean needsScores() {
              return true;
            }
          };
      TopDocuments top = reader.search(query, List.of(), 1, 0, collector);
      assertEquals(3, top.total());
      assertEquals(
          List.of(
              "city 520000 4576 483 scored", "capital city 2100000 4885 235 scored", "-1 scored"),
          seen);
    }
  }

  @Test
  void documentsComeWholeOrInPart() throws IOException {
    try (ShardReader reader = places.shards().open(match("einstein"))) {
      int number =
          reader.search(match("einstein"), List.of(), 1, 0).documents().getFirst().document();
      assertEquals(
          "{\"title\":\"Albert Einstein\",\"labels\":[\"Albert Einstein\"],"
              + "\"born\":\"1879-03-14\",\"price\":-1}",
          json(reader.document(number, List.of(), ALL, List.of())));
      assertEquals(
          "{\"labels\":[\"Albert Einstein\"],\"price\":-1}",
          json(reader.document(number, List.of("price", "labels", "size"), ALL, List.of())));
      assertEquals(
          "{\"born\":\"1879-03-14\"}",
          json(reader.document(number, List.of("born"), match("albert"), List.of("title"))));
      assertEquals("einstein", reader.get("einstein").orElseThrow().id());
      assertTrue(reader.get("nobody").isEmpty());
    }
  }

  @Test
  void aReaderKeepsItsView() throws IOException {
    try (ShardReader reader = places.shards().open(ALL)) {
      long view = reader.view();
      places.put("new", "\"title\":\"New\"");
      places.shards().delete("paris");
      places.shards().refresh();
      assertEquals(5, reader.documents());
      assertTrue(reader.get("paris").isPresent());
      assertEquals(view, reader.view());
      try (ShardReader later = places.shards().open(ALL)) {
        assertTrue(later.view() != view);
        assertTrue(later.get("paris").isEmpty());
        assertEquals(5, later.documents());
      }
    }
  }

  @Test
  void withoutFiguresNothingIsScored() throws IOException {
    StatisticsSnapshot none = StatisticsSnapshot.of(ShardStatistics.NONE);
    try (ShardReader reader = places.shards().open(0, none)) {
      MissingStatisticsException refused =
          assertThrows(
              MissingStatisticsException.class,
              () -> reader.search(match("capitals of france"), List.of(), 1, 0));
      assertEquals(
          java.util.Set.of(new TermKey("_text", "capital"), new TermKey("_text", "france")),
          refused.terms());
      assertTrue(refused.fields());
      assertEquals(3, reader.count(match("france")));
      assertEquals(2, reader.search(new Query.Term("type", "city"), List.of(), 1, 0).total());
      assertEquals(
          java.util.Set.of(new TermKey("title", "paris")),
          reader.missingStatistics(Query.filtered(new Query.Term("title", "paris"), match("x"))));
    }
  }

  @Test
  void aStoppedQueryEndsEvenWhereNothingMatches() throws IOException {
    for (int i = 0; i < 20_000; i++) {
      places.shards().put("x" + i, "{\"body\":\"left right\"}");
    }
    places.shards().refresh();
    Query never = new Query.Phrase("body", "right left", 0);
    Query each = new Query.Term("body", "left");
    for (Query query : List.of(never, each)) {
      AtomicInteger polls = new AtomicInteger();
      StatisticsSnapshot statistics = places.shards().statistics(query);
      ReadScope scope =
          new ReadScope(statistics, () -> polls.incrementAndGet() > 4, new ShardMeter());
      try (ShardReader reader = places.shards().open(0, scope)) {
        assertThrows(
            StoppedException.class,
            () -> reader.search(query, List.of(), 10, Long.MAX_VALUE),
            query.toString());
      }
      assertEquals(5, polls.get(), query.toString());
    }
    try (ShardReader reader =
        places
            .shards()
            .open(
                0, new ReadScope(places.shards().statistics(ALL), () -> true, new ShardMeter()))) {
      assertThrows(StoppedException.class, () -> reader.get("paris"));
    }
  }

  private static String json(Shard.Document document) {
    return new String(document.json(), StandardCharsets.UTF_8);
  }
}
