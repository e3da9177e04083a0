package dev.heddle.function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.ShardSummary.Bounds;
import dev.heddle.function.testkit.InMemoryShard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ShardSummaryTest {
  private final long seed = new Random().nextLong();

  private static InMemoryShard.Builder books() {
    return InMemoryShard.builder("books", 3)
        .field("title", FieldKind.TEXT)
        .field("genre", FieldKind.KEYWORD)
        .field("pages", FieldKind.LONG)
        .field("fame", FieldKind.DOUBLE)
        .field("published", FieldKind.DATE);
  }

  private static final ShardSummary SHARD =
      books()
          .document("a", Map.of("genre", "novel", "pages", 100, "published", "1851-10-18"))
          .document("b", Map.of("genre", "essay", "pages", 352, "published", "1854-08-09"))
          .build()
          .summary();

  private static Query range(String field, Object gte, Object lt) {
    return new Query.Range(field, gte, null, null, lt);
  }

  private static Query bool(List<Query> must, List<Query> should, List<Query> mustNot) {
    return new Query.Bool(must, should, mustNot, List.of());
  }

  private static void may(Query query) {
    assertTrue(SHARD.mayMatch(query), query::toString);
  }

  private static void cannot(Query query) {
    assertFalse(SHARD.mayMatch(query), query::toString);
  }

  @Test
  void knowsFieldsByBoundsAndTerms() {
    may(range("pages", 352L, 400L));
    cannot(range("pages", 353L, 400L));
    cannot(range("pages", 0.5, 99.5));
    may(new Query.Term("pages", 100L));
    cannot(new Query.Term("pages", 99L));
    may(new Query.Term("genre", "essay"));
    cannot(new Query.Term("genre", "poem"));
    cannot(new Query.Exists("fame"));
    may(new Query.Exists("pages"));
    may(new Query.Term("title", "whale"));
  }

  @Test
  void readsDatesAsDays() {
    may(new Query.Term("published", "1851-10-18"));
    may(new Query.Range("published", null, null, "1851-10-18", null));
    cannot(new Query.Range("published", null, null, "1851-10-17", null));
    may(range("published", "1854-08-09T00:00:00Z", "1900-01-01"));
    cannot(range("published", "1854-08-09T00:00:00.001Z", "1900-01-01"));
    // What is no date is for the shard to refuse.
    may(range("published", "soon", "later"));
  }

  @Test
  void combines() {
    var none = new Query.Term("genre", "poem");
    var some = new Query.Term("genre", "novel");
    cannot(bool(List.of(some, none), List.of(), List.of()));
    cannot(bool(List.of(), List.of(none, none), List.of()));
    may(bool(List.of(), List.of(none, some), List.of()));
    may(bool(List.of(some), List.of(none), List.of()));
    may(bool(List.of(), List.of(), List.of(some)));
    cannot(Query.filtered(new Query.All(), none));
    assertFalse(books().build().summary().mayMatch(new Query.All()));
  }

  @Test
  void neverSkipsAShardThatMatches() {
    var random = new Random(seed);
    var skipped = new ArrayList<Query>();
    for (int round = 0; round < 500; round++) {
      var builder = books();
      for (int i = random.nextInt(5); i > 0; i--) {
        builder.document(
            "d" + i,
            Map.of("genre", "g" + random.nextInt(6), "pages", number(random), "fame", i * 0.1));
      }
      var shard = builder.build();
      for (int i = 0; i < 10; i++) {
        var query = query(random, 2);
        if (!shard.summary().mayMatch(query)) {
          skipped.add(query);
          assertEquals(0, shard.count(query), () -> query + " seed " + seed);
        }
      }
    }
    assertTrue(skipped.size() > 100, "only " + skipped.size() + " skipped, seed " + seed);
  }

  private static long number(Random random) {
    return random.nextInt(8) == 0 ? Long.MAX_VALUE - random.nextInt(3) : random.nextInt(9);
  }

  private static Query query(Random random, int depth) {
    return switch (random.nextInt(depth == 0 ? 3 : 4)) {
      case 0 -> new Query.Term("genre", "g" + random.nextInt(6));
      case 1 -> range("pages", number(random), number(random));
      case 2 -> new Query.Range("fame", null, random.nextDouble(), random.nextDouble(), null);
      default ->
          bool(
              random.nextBoolean() ? List.of() : List.of(query(random, depth - 1)),
              List.of(query(random, depth - 1), query(random, depth - 1)),
              random.nextBoolean() ? List.of() : List.of(query(random, depth - 1)));
    };
  }

  @Test
  void roundsBoundsOutwards() {
    var bounds = Bounds.of(Long.MIN_VALUE + 1, Long.MAX_VALUE - 1);
    assertTrue(bounds.least() <= Long.MIN_VALUE && bounds.greatest() >= Long.MAX_VALUE);
    assertTrue(Bounds.NONE.empty() && !Bounds.NONE.meets(-1, 1));
    assertEquals(new Bounds(1, 7), new Bounds(1, 2).with(new Bounds(5, 7)));
    assertEquals(new Bounds(1, 2), Bounds.NONE.with(new Bounds(1, 2)));
    assertThrows(IllegalArgumentException.class, () -> new Bounds(Double.NaN, 1));
    assertThrows(IllegalArgumentException.class, () -> new Bound(Double.NaN));
    assertEquals(new Bound(2), new Bound(2).raised(Bound.NONE).raised(new Bound(1)));
  }
}
