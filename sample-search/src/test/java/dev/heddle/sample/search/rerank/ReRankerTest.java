package dev.heddle.sample.search.rerank;

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

class ReRankerTest {
  private static final long SEED = 5;
  private static final Coverage ALL = new Coverage(1, 1, 1, 1, 0, 1, List.of());

  private static ScatterRequest request(Map<String, Object> args) {
    return new ScatterRequest(
        new Query.Match("red green blue", List.of(), false),
        5,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        0,
        JsonObject.of(args));
  }

  private static List<Shard> shards(int documents, int shards) {
    var random = new Random(SEED);
    var words = List.of("red", "green", "blue");
    var titles =
        IntStream.range(0, documents)
            .mapToObj(i -> String.join(" ", words.subList(0, 1 + random.nextInt(3))))
            .toList();
    var ranks = random.doubles(documents).toArray();
    return IntStream.range(0, shards)
        .mapToObj(number -> {
          var shard =
              InMemoryShard.builder("d", number)
                  .field("title", Shard.FieldKind.TEXT)
                  .field("rank", Shard.FieldKind.DOUBLE)
                  .segmentSize(9);
          for (int i = number; i < documents; i += shards) {
            shard.document("id" + i, Map.of("title", titles.get(i), "rank", ranks[i]));
          }
          return (Shard) shard.build();
        })
        .toList();
  }

  private static Object answer(List<Shard> shards, Map<String, Object> args) {
    var function = new ReRanker();
    var query = function.prepare(request(args));
    var partial =
        shards.stream()
            .map(shard -> function.leaf(query, shard))
            .reduce(function::merge)
            .orElseThrow();
    return function.finish(query, partial, ALL);
  }

  @Test
  void aNumberRaisesAWorseMatchOverABetterOne() {
    var shard =
        InMemoryShard.builder("d", 0)
            .field("title", Shard.FieldKind.TEXT)
            .field("rank", Shard.FieldKind.DOUBLE)
            .document("better", Map.of("title", "red green blue"))
            .document("known", Map.of("title", "red green", "rank", 1.5))
            .build();
    var hits =
        List.of(
            Map.of("id", "known", "score", 3.5, "base", 2.0),
            Map.of("id", "better", "score", 3.0, "base", 3.0));
    assertEquals(Map.of("hits", hits), answer(List.of(shard), Map.of()));
  }

  @Test
  void theAnswerDoesNotChangeWithTheNumberOfShards() {
    var args = Map.<String, Object>of("depth", 20L, "weight", 2L);
    assertEquals(answer(shards(300, 1), args), answer(shards(300, 6), args));
  }

  @Test
  void theLawsHold() {
    System.out.println("seed " + SEED);
    ScatterLaws.check(ReRanker::new, request(Map.of("depth", 10L)), shards(100, 5), SEED);
  }

  @Test
  void wrongArgumentsAreTheCallersMistake() {
    for (var args : List.<Map<String, Object>>of(Map.of("depth", 0L), Map.of("weigth", 1L))) {
      assertThrows(BadRequestException.class, () -> new ReRanker().prepare(request(args)));
    }
    var function = new ReRanker();
    var query = function.prepare(request(Map.of("field", "title")));
    var shard = shards(3, 1).getFirst();
    assertThrows(BadRequestException.class, () -> function.leaf(query, shard));
  }
}
