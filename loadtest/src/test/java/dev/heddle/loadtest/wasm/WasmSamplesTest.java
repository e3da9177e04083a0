package dev.heddle.loadtest.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.engine.JsonValues;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.function.testkit.ScatterLaws;
import dev.heddle.process.DataSize;
import dev.heddle.sample.search.heat.GeoHeatMap;
import dev.heddle.sample.search.related.RelatedTopics;
import dev.heddle.sample.search.rerank.ReRanker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The samples in C and AssemblyScript answer as those in Java do, on the same shards. */
class WasmSamplesTest {
  private static final long SEED = 3;
  private static final Coverage ALL = new Coverage(9, 9, 9, 3, 0, 3, List.of());
  private static final Path SAMPLES = Path.of("..", "sample-search", "functions");
  private static final List<String> WORDS = List.of("famous", "clever", "german", "person");

  private static byte[] module(String sample) throws IOException {
    var path = SAMPLES.resolve(sample).resolve("function.wasm");
    assumeTrue(
        Files.exists(path),
        "skipped: " + path + " is not built (expected: kits/build and its tools)");
    return Files.readAllBytes(path);
  }

  private static ScatterRequest request(Map<String, Object> args) {
    return new ScatterRequest(
        new Query.Match(String.join(" ", WORDS), List.of(), false),
        7,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        0,
        JsonObject.of(args));
  }

  private static List<Shard> shards() {
    var random = new Random(SEED);
    return IntStream.range(0, 5)
        .mapToObj(number -> {
          var shard =
              InMemoryShard.builder("d", number)
                  .field("title", Shard.FieldKind.TEXT)
                  .field("mentions", Shard.FieldKind.KEYWORD)
                  .field("rank", Shard.FieldKind.DOUBLE)
                  .field("location", Shard.FieldKind.GEO_POINT)
                  .segmentSize(11);
          for (int i = 0; i < 60; i++) {
            shard.document("ü" + number + "-" + i, document(random));
          }
          return (Shard) shard.build();
        })
        .toList();
  }

  private static Map<String, Object> document(Random random) {
    var title = String.join(" ", WORDS.subList(0, random.nextInt(WORDS.size() + 1)));
    var topics = new ArrayList<String>();
    random.ints(random.nextInt(5), 0, 20).distinct().forEach(t -> topics.add("\"t\" é" + t));
    return Map.of(
        "title",
        "a " + title,
        "mentions",
        topics,
        "rank",
        random.nextDouble(),
        "location",
        Map.of("lat", random.nextDouble(-90, 90), "lon", random.nextDouble(-180, 180)));
  }

  /** Over two leaves; the answer as plain JSON values. */
  private static @Nullable Object answer(
      Supplier<ScatterFunction<Object, Object>> functions, Map<String, Object> args)
      throws Exception {
    var shards = shards();
    var root = functions.get();
    var query = root.prepare(request(args));
    var merged =
        root.merge(
            leaf(functions.get(), shards.subList(0, 2), args),
            leaf(functions.get(), shards.subList(2, 5), args));
    var result = root.finish(query, merged, ALL);
    return JsonValues.read(JsonValues.write(result, DataSize.ofMiB(8)));
  }

  private static Object leaf(
      ScatterFunction<Object, Object> function, List<Shard> shards, Map<String, Object> args)
      throws Exception {
    var query = function.prepare(request(args));
    var partial = function.leaf(query, shards.getFirst());
    for (var shard : shards.subList(1, shards.size())) {
      partial = function.merge(partial, function.leaf(query, shard));
    }
    return function.complete(query, partial);
  }

  /** What the function's types are is its own business. */
  @SuppressWarnings("unchecked")
  private static ScatterFunction<Object, Object> untyped(ScatterFunction<?, ?> function) {
    return (ScatterFunction<Object, Object>) function;
  }

  private static void same(
      Supplier<ScatterFunction<Object, Object>> java,
      String sample,
      List<Map<String, Object>> arguments,
      UnaryOperator<ScatterLaws<Object, Object>> laws)
      throws Exception {
    var loaded = WasmModules.load(module(sample));
    for (var args : arguments) {
      assertEquals(
          answer(java, args), answer(() -> WasmModules.scatter(loaded), args), args.toString());
      laws.apply(
              ScatterLaws.of(
                  () -> new PlainAnswers(WasmModules.scatter(loaded)),
                  request(args),
                  shards(),
                  SEED))
          .check();
    }
    var wrong = Map.<String, Object>of("nonsense", 1L);
    assertThrows(
        BadRequestException.class, () -> WasmModules.scatter(loaded).prepare(request(wrong)));
  }

  @Test
  void theHeatMapInCAnswersAsTheOneInJava() throws Exception {
    same(
        () -> untyped(new GeoHeatMap()),
        "geo-heat-map-wasm",
        List.of(Map.of(), Map.of("zoom", 2L), Map.of("zoom", 9L, "size", 10L)),
        laws -> laws);
  }

  @Test
  void theSignificantTermsInCAreThoseInJava() throws Exception {
    same(
        () -> untyped(new RelatedTopics()),
        "related-topics-wasm",
        List.of(Map.of(), Map.of("documents", 40L, "size", 50L)),
        laws -> laws.agreeing((one, other) -> agree(counts(one), counts(other))));
  }

  /** A score, and so which topics come last, depends on which leaves met the topic; a count not. */
  private static boolean agree(Map<?, ?> ours, Map<?, ?> theirs) {
    long common = ours.keySet().stream().filter(theirs::containsKey).count();
    return 2 * common >= Math.max(ours.size(), theirs.size())
        && ours.entrySet().stream()
            .allMatch(topic ->
                !theirs.containsKey(topic.getKey())
                    || Objects.equals(theirs.get(topic.getKey()), topic.getValue()));
  }

  private static Map<Object, Object> counts(@Nullable Object answer) {
    var counts = new HashMap<Object, Object>();
    for (var topic : (List<?>) field(answer, "topics")) {
      counts.put(field(topic, "topic"), field(topic, "count"));
    }
    return counts;
  }

  /** Of an object as either runtime answers it. */
  private static Object field(@Nullable Object object, String name) {
    Object value =
        object instanceof JsonObject json
            ? json.get(name)
            : ((Map<?, ?>) Objects.requireNonNull(object)).get(name);
    return Objects.requireNonNull(value, name);
  }

  @Test
  void theReRankerInAssemblyScriptRanksAsTheOneInJava() throws Exception {
    same(
        () -> untyped(new ReRanker()),
        "re-ranker-wasm",
        List.of(Map.of(), Map.of("depth", 20L, "weight", 2.5, "pivot", 0.1)),
        laws -> laws);
  }
}
