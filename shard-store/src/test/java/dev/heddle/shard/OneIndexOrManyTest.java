package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Bound;
import dev.heddle.function.Query;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Shard.TopDocuments;
import dev.heddle.function.Sort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * With the summed figures, eight shards give what one index gives: ids, scores to the bit, order.
 */
class OneIndexOrManyTest {
  private static final int DOCUMENTS = 1_200;
  private static final int QUERIES = 300;
  private static final Comparator<TopDocument> BY_SCORE =
      Comparator.<TopDocument>comparingDouble(hit -> -hit.score())
          .thenComparing(TopDocument::id, IdOrder::compare);

  private final long seed = Seed.draw();
  private final Random random = new Random(seed);
  private final Things things = new Things(random);

  @TempDir Path directory;

  @Test
  void eightShardsRankExactlyAsOne() throws IOException {
    try (LocalShards one = new LocalShards(directory.resolve("1"), Things.SCHEMA, 1);
        LocalShards many = new LocalShards(directory.resolve("8"), Things.SCHEMA, 8)) {
      fill(one, many);
      for (int i = 0; i < QUERIES; i++) {
        Query query = query(2);
        int k = 1 + random.nextInt(40);
        long countUpTo = random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(200);
        String what = "seed " + seed + " k " + k + " up to " + countUpTo + " " + query;
        StatisticsSnapshot figures = one.statistics(query);
        List<String> expected = shown(search(one, query, figures, k, DOCUMENTS));
        assertEquals(expected, shown(search(one, query, figures, k, countUpTo)), what);
        StatisticsSnapshot summed = many.statistics(query);
        assertEquals(expected, shown(search(many, query, summed, k, countUpTo)), what);
        assertEquals(expected, shown(search(many, query, summed, k, 0)), what);
      }
    }
  }

  /** As a leaf searches its shards one after the other. */
  @Test
  void whatIsLeftOutBelowARisingBarMakesNoDifference() throws IOException {
    try (LocalShards one = new LocalShards(directory.resolve("1"), Things.SCHEMA, 1);
        LocalShards many = new LocalShards(directory.resolve("8"), Things.SCHEMA, 8)) {
      fill(one, many);
      int barred = 0;
      for (int i = 0; i < QUERIES; i++) {
        Query query = query(2);
        int k = 1 + random.nextInt(20);
        String what = "seed " + seed + " k " + k + " " + query;
        StatisticsSnapshot figures = many.statistics(query);
        List<TopDocument> best = new ArrayList<>();
        for (int shard = 0; shard < many.count(); shard++) {
          Bound bound = best.size() < k ? Bound.NONE : new Bound(best.getLast().score());
          try (ShardReader reader = many.open(shard, figures)) {
            TopDocuments found = reader.search(query, k, 100, bound);
            barred += bound.equals(Bound.NONE) ? 0 : 1;
            found.documents().forEach(hit -> assertTrue(hit.score() >= bound.least(), what));
            long matching = reader.count(query);
            assertTrue(found.exact() ? found.total() == matching : found.total() <= matching, what);
            best.addAll(found.documents());
          }
          best.sort(BY_SCORE);
          best = new ArrayList<>(best.subList(0, Math.min(k, best.size())));
        }
        assertEquals(
            shown(search(one, query, one.statistics(query), k, DOCUMENTS)), shown(best), what);
      }
      assertTrue(barred > QUERIES, "seed " + seed + ": " + barred + " searches with a bar");
    }
  }

  @Test
  void aBarSparesWork() throws IOException {
    try (LocalShards many = new LocalShards(directory.resolve("1"), Things.SCHEMA, 1)) {
      for (int i = 0; i < 20_000; i++) {
        String text = i % 1_000 == 0 ? "seldom seldom often" : "often common common common";
        assertEquals("", many.put("x" + i, "{\"body\":\"" + text + "\"}"));
      }
      many.refresh();
      Query query = new Query.Match("seldom often", List.of(), false);
      StatisticsSnapshot figures = many.statistics(query);
      ShardMeter free = new ShardMeter();
      ShardMeter barred = new ShardMeter();
      float best;
      try (ShardReader reader = many.open(0, new ReadScope(figures, () -> false, free))) {
        best = reader.search(query, List.of(), 3, 5_000).documents().getLast().score();
      }
      try (ShardReader reader = many.open(0, new ReadScope(figures, () -> false, barred))) {
        assertEquals(3, reader.search(query, 3, 5_000, new Bound(best)).documents().size());
        TopDocuments none = reader.search(query, 3, 5_000, new Bound(Math.nextUp(best)));
        assertTrue(none.documents().size() < 3 || none.documents().getLast().score() > best);
      }
      assertTrue(
          barred.documentsScanned() * 5 < free.documentsScanned(),
          barred.documentsScanned() + " of " + free.documentsScanned());
    }
  }

  @Test
  void eightShardsSortExactlyAsOne() throws IOException {
    try (LocalShards one = new LocalShards(directory.resolve("1"), Things.SCHEMA, 1);
        LocalShards many = new LocalShards(directory.resolve("8"), Things.SCHEMA, 8)) {
      fill(one, many);
      for (int i = 0; i < 100; i++) {
        Query query = query(1);
        List<Sort> sort = sort();
        int k = 1 + random.nextInt(40);
        assertEquals(
            sorted(one, query, sort, k),
            sorted(many, query, sort, k),
            "seed " + seed + " " + sort + " " + query);
      }
    }
  }

  private void fill(LocalShards one, LocalShards many) throws IOException {
    for (int i = 0; i < DOCUMENTS; i++) {
      String id = things.id();
      String json = things.document();
      assertEquals("", one.put(id, json));
      assertEquals("", many.put(id, json));
      if (random.nextInt(400) == 0) {
        one.refresh();
      }
      if (random.nextInt(800) == 0) {
        many.refresh();
      }
    }
    one.refresh();
    many.refresh();
  }

  private static List<TopDocument> search(
      LocalShards shards, Query query, StatisticsSnapshot statistics, int k, long countUpTo)
      throws IOException {
    List<TopDocument> all = new ArrayList<>();
    for (int shard = 0; shard < shards.count(); shard++) {
      try (ShardReader reader = shards.open(shard, statistics)) {
        all.addAll(reader.search(query, List.of(), k, countUpTo).documents());
      }
    }
    all.sort(BY_SCORE);
    return all.subList(0, Math.min(k, all.size()));
  }

  private static List<String> shown(List<TopDocument> hits) {
    return hits.stream().map(hit -> Float.toHexString(hit.score()) + " " + hit.id()).toList();
  }

  private List<String> sorted(LocalShards shards, Query query, List<Sort> sort, int k)
      throws IOException {
    StatisticsSnapshot statistics = shards.statistics(query);
    List<TopDocument> all = new ArrayList<>();
    for (int shard = 0; shard < shards.count(); shard++) {
      try (ShardReader reader = shards.open(shard, statistics)) {
        all.addAll(reader.search(query, sort, k, Long.MAX_VALUE).documents());
      }
    }
    all.sort((a, b) -> compare(a, b, sort));
    return all.subList(0, Math.min(k, all.size())).stream()
        .map(hit -> hit.sortValues() + " " + hit.id())
        .toList();
  }

  @SuppressWarnings("unchecked")
  private static int compare(TopDocument a, TopDocument b, List<Sort> sort) {
    for (int i = 0; i < sort.size(); i++) {
      Object x = a.sortValues().get(i);
      Object y = b.sortValues().get(i);
      boolean xMissing = x.equals(TopDocument.MISSING);
      boolean yMissing = y.equals(TopDocument.MISSING);
      int order =
          xMissing || yMissing
              ? Boolean.compare(xMissing, yMissing)
              : ((Comparable<Object>) x).compareTo(y) * (sort.get(i).descending() ? -1 : 1);
      if (order != 0) {
        return order;
      }
    }
    return IdOrder.compare(a.id(), b.id());
  }

  private List<Sort> sort() {
    List<String> fields = List.of("type", "size", "price", "rank", Sort.SCORE);
    List<Sort> sort = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(2); i++) {
      sort.add(new Sort(fields.get(random.nextInt(fields.size())), random.nextBoolean()));
    }
    return sort;
  }

  private Query query(int depth) {
    return switch (random.nextInt(depth > 0 ? 11 : 9)) {
      case 0 -> new Query.Match(things.word(), List.of(), false);
      case 1 -> new Query.Match(things.words(2 + random.nextInt(4)), List.of(), false);
      case 2 -> new Query.Match(things.words(2), List.of(), true);
      case 3 ->
          new Query.Match(things.words(2), List.of("title", "tags", "type"), random.nextBoolean());
      case 4 ->
          new Query.Phrase(random.nextBoolean() ? "" : "body", things.words(2), random.nextInt(3));
      case 5 -> new Query.Prefix("title", things.words(1));
      case 6 -> new Query.Term("title", things.word());
      case 7 -> new Query.Term("type", "t" + random.nextInt(5));
      case 8 -> new Query.Range("size", (long) random.nextInt(50), null, null, null);
      case 9 -> Query.filtered(query(depth - 1), new Query.Term("type", "t" + random.nextInt(5)));
      default ->
          new Query.Bool(
              random.nextBoolean() ? List.of(query(depth - 1)) : List.of(),
              List.of(query(depth - 1), query(depth - 1)),
              random.nextInt(3) == 0 ? List.of(query(depth - 1)) : List.of(),
              List.of());
    };
  }
}
