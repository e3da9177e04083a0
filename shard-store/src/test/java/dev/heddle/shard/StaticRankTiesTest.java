package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.function.Bound;
import dev.heddle.function.Query;
import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A static rank may outweigh the text by far: then a score is too coarse to show what the text made
 * of it, and documents tie whose texts do not. What is skipped must not be one of them.
 */
class StaticRankTiesTest {
  private static final int DOCUMENTS = 2_000;
  private static final int QUERIES = 200;
  private static final Comparator<TopDocument> BY_SCORE =
      Comparator.<TopDocument>comparingDouble(hit -> -hit.score())
          .thenComparing(TopDocument::id, IdOrder::compare);

  private final long seed = Seed.draw();
  private final Random random = new Random(seed);
  private final Things things = new Things(random);

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(doubles = {10, 1_000, 100_000})
  void whatTiesOrIsBetterIsNeverSkipped(double weight) throws IOException {
    var schema =
        new Schema(
            List.of(Field.text("body", "standard", 1), Field.of("rank", FieldType.DOUBLE, false)),
            "rank",
            weight,
            false);
    try (var shards = new LocalShards(directory, schema, 2)) {
      for (int i = 0; i < DOCUMENTS; i++) {
        int rank = random.nextInt(10) == 0 ? 0 : 1;
        String body = things.words(2 + random.nextInt(12));
        String json = "{\"body\":\"" + body + "\",\"rank\":" + rank + "}";
        assertEquals("", shards.put(things.id(), json));
      }
      shards.refresh();
      for (int i = 0; i < QUERIES; i++) {
        var query =
            new Query.Match(things.words(1 + random.nextInt(3)), List.of(), random.nextBoolean());
        int k = 1 + random.nextInt(20);
        String what = "seed " + seed + " weight " + weight + " k " + k + " " + query;
        StatisticsSnapshot figures = shards.statistics(query);
        List<TopDocument> first = best(shards, 0, figures, query, k, Long.MAX_VALUE);
        List<TopDocument> second = best(shards, 1, figures, query, k, Long.MAX_VALUE);
        // By what its own best hold.
        assertEquals(first, best(shards, 0, figures, query, k, 0), what);
        assertEquals(second, best(shards, 1, figures, query, k, 0), what);
        // By what others hold, whenever that is told.
        if (!first.isEmpty()) {
          double least = first.get(random.nextInt(first.size())).score();
          long late = random.nextInt(6);
          assertEquals(
              second.stream().filter(hit -> hit.score() >= least).toList(),
              barred(shards, figures, query, k, new Bound(least), late),
              what + " bar " + least + " late " + late);
        }
      }
    }
  }

  /**
   * What the second shard has.
   *
   * @param late how often it asks in vain before it learns of the bar
   */
  private static List<TopDocument> barred(
      LocalShards shards, StatisticsSnapshot figures, Query query, int k, Bound bar, long late)
      throws IOException {
    var asked = new AtomicLong();
    try (ShardReader reader = shards.open(1, figures)) {
      var found =
          new ArrayList<>(
              reader
                  .search(query, k, 0, () -> asked.getAndIncrement() < late ? Bound.NONE : bar)
                  .documents());
      // A bar that comes after the last question is not heeded.
      if (asked.get() <= late) {
        found.removeIf(hit -> hit.score() < bar.least());
      }
      found.sort(BY_SCORE);
      return found;
    }
  }

  private static List<TopDocument> best(
      LocalShards shards, int shard, StatisticsSnapshot figures, Query query, int k, long countUpTo)
      throws IOException {
    try (ShardReader reader = shards.open(shard, figures)) {
      var found = new ArrayList<>(reader.search(query, List.of(), k, countUpTo).documents());
      found.sort(BY_SCORE);
      return found;
    }
  }
}
