package dev.heddle.sample.search.heat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.function.testkit.ScatterLaws;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GeoHeatMapTest {
  private static final long SEED = 11;
  private static final Coverage ALL = new Coverage(1, 1, 1, 1, 0, 1, List.of());

  private static ScatterRequest request(Map<String, Object> args) {
    return new ScatterRequest(
        new Query.All(),
        0,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        0,
        JsonObject.of(args));
  }

  private static List<Shard> shards(int documents, int shards) {
    var random = new Random(SEED);
    var points =
        IntStream.range(0, documents)
            .mapToObj(
                i -> Map.of("lat", random.nextDouble(-90, 90), "lon", random.nextDouble(-180, 180)))
            .toList();
    return IntStream.range(0, shards)
        .mapToObj(number -> {
          var shard =
              InMemoryShard.builder("places", number)
                  .field("location", Shard.FieldKind.GEO_POINT)
                  .segmentSize(13);
          for (int i = number; i < documents; i += shards) {
            shard.document("p" + i, Map.of("location", points.get(i)));
          }
          return (Shard) shard.build();
        })
        .toList();
  }

  private static Object answer(List<Shard> shards, Map<String, Object> args) {
    var function = new GeoHeatMap();
    var query = function.prepare(request(args));
    var partial =
        shards.stream()
            .map(shard -> function.leaf(query, shard))
            .reduce(function::merge)
            .orElseThrow();
    return function.finish(query, partial, ALL);
  }

  @Test
  void pointsFallIntoCellsFromSouthWestToNorthEast() {
    var query = HeatQuery.of(request(Map.of("zoom", 1L)));
    assertEquals(0, query.cell(-90, -180));
    assertEquals(1, query.cell(-1, 1));
    assertEquals(2, query.cell(1, -1));
    assertEquals(3, query.cell(90, 180));
  }

  @Test
  void theFullestCellsComeFirst() {
    var shard =
        InMemoryShard.builder("places", 0)
            .field("location", Shard.FieldKind.GEO_POINT)
            .document("a", Map.of("location", Map.of("lat", 10.0, "lon", 10.0)))
            .document("b", Map.of("location", Map.of("lat", -10.0, "lon", 10.0)))
            .document("c", Map.of("location", Map.of("lat", 20.0, "lon", 20.0)))
            .build();
    var expected =
        Map.of(
            "zoom",
            1,
            "total",
            3L,
            "cells",
            List.of(
                Map.of("row", 1, "column", 1, "count", 2L),
                Map.of("row", 0, "column", 1, "count", 1L)));
    assertEquals(expected, answer(List.of(shard), Map.of("zoom", 1L)));
  }

  @Test
  void theAnswerDoesNotChangeWithTheNumberOfShards() {
    var args = Map.<String, Object>of("zoom", 4L);
    assertEquals(answer(shards(500, 1), args), answer(shards(500, 7), args));
  }

  @Test
  void theLawsHold() {
    System.out.println("seed " + SEED);
    ScatterLaws.check(GeoHeatMap::new, request(Map.of("zoom", 3L)), shards(200, 5), SEED);
  }

  @Test
  void wrongArgumentsAreTheCallersMistake() {
    for (var args : List.<Map<String, Object>>of(Map.of("zoom", 13L), Map.of("zoo", 1L))) {
      assertThrows(BadRequestException.class, () -> new GeoHeatMap().prepare(request(args)));
    }
  }
}
