package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Query;
import dev.heddle.function.ShardSummary.Bounds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of a view without searching it holds of every document in it. */
class ViewSummaryTest {
  private static final int ROUNDS = 30;
  private static final int QUERIES = 100;

  private final long seed = Seed.draw();
  private final Random random = new Random(seed);

  @TempDir Path directory;

  @Test
  void saysBetweenWhatValuesLieAndWhichThereAre() throws IOException {
    try (var places = new Places(directory)) {
      try (ShardReader reader = places.shards().open(Places.ALL)) {
        var summary = reader.summary();
        assertEquals(5, summary.documents());
        assertEquals(Optional.of(new Bounds(25_000, 2_100_000)), summary.bounds("size"));
        assertEquals(Optional.of(new Bounds(-1, 9.5)), summary.bounds("price"));
        assertEquals(
            Optional.of(Bounds.of(-3_223_584_000_000L, -2_865_456_000_000L)),
            summary.bounds("born"));
        assertEquals(Optional.empty(), summary.bounds("title"));
        assertTrue(summary.mayHave("kinds", "capital"));
        assertFalse(summary.mayHave("kinds", "town"));
        assertTrue(summary.mayHave("title", "whatever"), "of text nothing is known");
        assertFalse(summary.mayMatch(new Query.Range("size", 2_100_001L, null, null, null)));
      }
    }
  }

  @Test
  void oneViewHasOneAndTheNextViewItsOwn() throws IOException {
    try (var places = new Places(directory)) {
      try (ShardReader one = places.shards().open(Places.ALL);
          ShardReader same = places.shards().open(Places.ALL)) {
        assertSame(one.summary(), same.summary());
        places.put("rome", "\"type\":\"city\",\"size\":2800000");
        places.shards().refresh();
        try (ShardReader next = places.shards().open(Places.ALL)) {
          assertEquals(6, next.summary().documents());
          assertEquals(Optional.of(new Bounds(25_000, 2_800_000)), next.summary().bounds("size"));
        }
        assertEquals(5, one.summary().documents());
      }
    }
  }

  @Test
  void ofManyValuesNothingIsSaid() throws IOException {
    try (var places = new Places(directory)) {
      for (int i = 0; i < 100; i++) {
        places.put("x" + i, "\"type\":\"t" + i + "\"");
      }
      places.shards().refresh();
      try (ShardReader reader = places.shards().open(Places.ALL)) {
        assertTrue(reader.summary().mayHave("type", "nowhere"));
        assertFalse(reader.summary().mayHave("kinds", "nowhere"));
      }
    }
  }

  /** Documents come, change and go; whatever is said not to match does not. */
  @Test
  void whatCannotMatchDoesNot() throws IOException {
    int hopeless = 0;
    int hopeful = 0;
    try (var shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      List<String> ids = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        change(shards, ids, round);
        shards.refresh();
        for (int i = 0; i < QUERIES; i++) {
          var query = query(2);
          try (ShardReader reader = shards.open(0, StatisticsSnapshot.of(ShardStatistics.NONE))) {
            if (reader.summary().mayMatch(query)) {
              hopeful++;
            } else {
              hopeless++;
              assertEquals(0, reader.count(query), "seed " + seed + " " + query);
            }
          }
        }
      }
    }
    assertTrue(hopeless > 100 && hopeful > 100, "seed " + seed + ": " + hopeless + ", " + hopeful);
  }

  private void change(LocalShards shards, List<String> ids, int round) {
    for (int i = random.nextInt(8); i >= 0; i--) {
      if (!ids.isEmpty() && random.nextInt(3) == 0) {
        shards.delete(ids.remove(random.nextInt(ids.size())));
      } else {
        var id = "d" + random.nextInt(60);
        ids.remove(id);
        ids.add(id);
        assertEquals("", shards.put(id, document(round)));
      }
    }
  }

  private String document(int round) {
    var json = new StringBuilder("{\"type\":\"t").append(round / 6 + random.nextInt(2)).append('"');
    if (random.nextBoolean()) {
      json.append(",\"size\":").append(round * 10L + random.nextInt(10));
    }
    if (random.nextBoolean()) {
      json.append(",\"price\":").append((random.nextInt(200) - 100) / 8.0);
    }
    if (random.nextInt(4) == 0) {
      json.append(",\"born\":\"").append(1900 + round).append("-01-05T06:00:00Z\"");
    }
    return json.append('}').toString();
  }

  private Query query(int depth) {
    return switch (random.nextInt(depth == 0 ? 6 : 8)) {
      case 0 -> new Query.Term("type", "t" + random.nextInt(12));
      case 1 -> range("size", (long) random.nextInt(400) - 40, (long) random.nextInt(400) - 40);
      case 2 -> range("price", random.nextInt(60) - 30.5, random.nextInt(60) - 30.5);
      case 3 -> range("born", day(), day());
      case 4 -> new Query.Term("size", random.nextBoolean() ? 155L : 155.0);
      case 5 -> new Query.Exists(random.nextBoolean() ? "size" : "born");
      default ->
          new Query.Bool(
              random.nextBoolean() ? List.of(query(depth - 1)) : List.of(),
              List.of(query(depth - 1), query(depth - 1)),
              random.nextBoolean() ? List.of(query(depth - 1)) : List.of(),
              random.nextBoolean() ? List.of(query(depth - 1)) : List.of());
    };
  }

  private String day() {
    int year = 1890 + random.nextInt(50);
    return random.nextBoolean() ? year + "-01-05" : year + "-01-05T06:00:00Z";
  }

  private Query range(String field, Object one, Object other) {
    return switch (random.nextInt(6)) {
      case 0 -> new Query.Range(field, one, null, other, null);
      case 1 -> new Query.Range(field, null, one, null, other);
      case 2 -> new Query.Range(field, one, null, null, null);
      case 3 -> new Query.Range(field, null, one, null, null);
      case 4 -> new Query.Range(field, null, null, one, null);
      default -> new Query.Range(field, null, null, null, one);
    };
  }
}
