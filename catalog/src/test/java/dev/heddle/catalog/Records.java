package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Valid records for tests. */
final class Records {
  static final Instant WHEN = Instant.parse("2026-11-21T08:00:00Z");
  static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.text("title", "english", 2),
              Field.text("body", "", 0),
              Field.of("rank", FieldType.DOUBLE, false),
              Field.of("tags", FieldType.KEYWORD, true)),
          "rank",
          0.5,
          false);

  private Records() {}

  static DatasetRecord dataset(String tenant, String name, int shards) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      placements.add(new ShardPlacement(i, 1, "inc" + i, List.of("leaf-" + i % 3)));
    }
    return new DatasetRecord(
        tenant, name, "id-" + tenant + "-" + name, SCHEMA, 1, 1, placements, WHEN);
  }

  static AppRecord app(String name, String yaml) {
    return new AppRecord("default", name, "abc", yaml);
  }

  static FunctionVersion version(int number) {
    String digest = String.format("%064x", number);
    return new FunctionVersion(
        digest,
        digest,
        "java",
        "com.example.F",
        "name: f\n",
        10,
        Optional.empty(),
        0,
        Duration.ofMillis(1500),
        DataSize.ofMiB(64),
        Map.of("B", "2", "A_1", "x"),
        5,
        EventShape.HTTP,
        List.of("https://example.com"),
        "Finds.",
        WHEN);
  }

  static FunctionRecord function(String name) {
    return new FunctionRecord(
        "default",
        name,
        FunctionKind.SCATTER,
        List.of(version(1)),
        Map.of("latest", FunctionAlias.to(version(1).digest())));
  }

  static NodeRecord node(String name, String incarnation) {
    return new NodeRecord(
        name, incarnation, Set.of("leaf", "coordinator"), "127.0.0.1:1", "", "", "127.0.0.1:3");
  }
}
