package dev.heddle.sample.search.related;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.function.testkit.ScatterLaws;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RelatedTopicsTest {
  private static final long SEED = 42;
  private static final Coverage ALL = new Coverage(1, 1, 1, 1, 0, 1, List.of());

  /** The more of these words a title has, the better it matches. */
  private static final List<String> WORDS = List.of("famous", "clever", "german", "person");

  private static final String QUERY = String.join(" ", WORDS);

  @Test
  void whatIsSaidHereMoreThanElsewhereComesFirst() {
    var answer = answer(List.of(split(physicists(), 1)), Map.of());
    assertEquals(List.of("Relativity", "Physics"), names(answer));
    assertEquals(Map.of("Relativity", 3, "Physics", 2), counts(answer));
  }

  @Test
  void theQueriedTopicItselfIsNoNews() {
    var function = new RelatedTopics();
    var query = function.prepare(request(" Clever PERSON ", Map.of()));
    assertTrue(query.asksFor("clever person"));
    assertTrue(!query.asksFor("person"));
  }

  @Test
  void theAnswerDoesNotChangeWithTheNumberOfShardsOfALeaf() {
    var documents = random(400);
    var one = answer(List.of(split(documents, 1)), Map.of("documents", 50L));
    var eight = answer(List.of(split(documents, 8)), Map.of("documents", 50L));
    assertEquals(one, eight);
  }

  @Test
  void overSeveralLeavesTheCountsStayTheSame() {
    var args = Map.<String, Object>of("documents", 60L, "size", 100L);
    var documents = random(400);
    var shards = split(documents, 8);
    var one = counts(answer(List.of(shards), args));
    var three = List.of(shards.subList(0, 3), shards.subList(3, 6), shards.subList(6, 8));
    counts(answer(three, args))
        .forEach((topic, count) -> assertEquals(one.getOrDefault(topic, count), count));
  }

  @Test
  void aTopicThatOneLeafAloneMetLooksNoRarerThanItIs() {
    var query = new RelatedTopics().prepare(request(QUERY, Map.of()));
    var met = leaf(query, split(physicists(), 1));
    var others = leaf(query, split(List.of(new Listed("z", 0, List.of("Earth"))), 1));
    var merged = new RelatedTopics().merge(met, others);
    assertEquals(met.background("Relativity").rate(), merged.background("Relativity").rate());
  }

  @Test
  void theLawsHold() {
    System.out.println("seed " + SEED);
    var args = Map.<String, Object>of("documents", 20L);
    ScatterLaws.of(RelatedTopics::new, request(QUERY, args), split(random(300), 5), SEED)
        .agreeing(RelatedTopicsTest::agree)
        .check();
  }

  /**
   * A score depends on which leaves met the topic, and with it which topics come last; how often
   * one is mentioned does not.
   */
  private static boolean agree(@Nullable Object one, @Nullable Object other) {
    var ours = counts(Objects.requireNonNull(one));
    var theirs = counts(Objects.requireNonNull(other));
    long common = ours.keySet().stream().filter(theirs::containsKey).count();
    return 2 * common >= Math.max(ours.size(), theirs.size())
        && ours.entrySet().stream()
            .allMatch(topic ->
                theirs.getOrDefault(topic.getKey(), topic.getValue()).equals(topic.getValue()));
  }

  @Test
  void withoutAnyShardThereAreNoTopics() {
    var function = new RelatedTopics();
    var query = function.prepare(request("x", Map.of()));
    assertEquals(Map.of("topics", List.of()), function.finish(query, null, ALL));
  }

  @Test
  void wrongArgumentsAreTheCallersMistake() {
    var wrong =
        List.<Map<String, Object>>of(Map.of("size", 0L), Map.of("sise", 1L), Map.of("field", 3L));
    for (var args : wrong) {
      var function = new RelatedTopics();
      assertThrows(BadRequestException.class, () -> function.prepare(request("x", args)));
    }
    var function = new RelatedTopics();
    var query = function.prepare(request("x", Map.of("field", "title")));
    var shard = split(physicists(), 1).getFirst();
    assertThrows(BadRequestException.class, () -> function.leaf(query, shard));
  }

  /** Each inner list is a leaf with its shards. */
  private static Object answer(List<List<Shard>> leaves, Map<String, Object> args) {
    var root = new RelatedTopics();
    var query = root.prepare(request(QUERY, args));
    var merged =
        leaves.stream().map(shards -> leaf(query, shards)).reduce(root::merge).orElseThrow();
    return root.finish(query, merged, ALL);
  }

  private static TopicsPartial leaf(TopicsQuery query, List<Shard> shards) {
    var function = new RelatedTopics();
    var partial =
        shards.stream()
            .map(shard -> function.leaf(query, shard))
            .reduce(function::merge)
            .orElseThrow();
    return function.complete(query, partial);
  }

  private static ScatterRequest request(String text, Map<String, Object> args) {
    return new ScatterRequest(
        new Query.Match(text, List.of(), false),
        0,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        0,
        JsonObject.of(args));
  }

  /**
   * A document.
   *
   * @param words how many of the query's words are in its title
   */
  private record Listed(String id, int words, List<String> topics) {}

  /**
   * Four that match well, one that falls behind, and many that do not; everything mentions Earth.
   */
  private static List<Listed> physicists() {
    var others =
        IntStream.range(0, 36)
            .mapToObj(i ->
                new Listed("o" + i, 0, i < 4 ? List.of("Earth", "Physics") : List.of("Earth")));
    var matching =
        Stream.of(
            new Listed("a", 4, List.of("Earth", "Physics", "Relativity")),
            new Listed("b", 4, List.of("Earth", "Physics", "Relativity")),
            new Listed("c", 3, List.of("Earth", "Relativity")),
            new Listed("d", 2, List.of("Earth", "Once")),
            new Listed("e", 1, List.of("Earth", "Relativity", "Far behind")));
    return Stream.concat(matching, others).toList();
  }

  private static List<Listed> random(int size) {
    var random = new Random(SEED);
    return IntStream.range(0, size)
        .mapToObj(i ->
            new Listed(
                "id" + i,
                random.nextInt(WORDS.size() + 1),
                random.ints(random.nextInt(4), 0, 30).distinct().mapToObj(t -> "t" + t).toList()))
        .toList();
  }

  private static List<Shard> split(List<Listed> documents, int shards) {
    return IntStream.range(0, shards)
        .mapToObj(number -> {
          var shard =
              InMemoryShard.builder("articles", number)
                  .field("title", Shard.FieldKind.TEXT)
                  .field("mentions", Shard.FieldKind.KEYWORD)
                  .segmentSize(7);
          for (int i = number; i < documents.size(); i += shards) {
            var one = documents.get(i);
            var title = "Nobody " + String.join(" ", WORDS.subList(0, one.words()));
            shard.document(one.id(), Map.of("title", title, "mentions", one.topics()));
          }
          return (Shard) shard.build();
        })
        .toList();
  }

  private static List<?> topics(Object answer) {
    return (List<?>) Objects.requireNonNull(((Map<?, ?>) answer).get("topics"));
  }

  private static List<?> names(Object answer) {
    return topics(answer).stream().<Object>map(topic -> ((Map<?, ?>) topic).get("topic")).toList();
  }

  private static Map<Object, Object> counts(Object answer) {
    var counts = new HashMap<Object, Object>();
    for (var topic : topics(answer)) {
      counts.put(((Map<?, ?>) topic).get("topic"), ((Map<?, ?>) topic).get("count"));
    }
    return counts;
  }
}
