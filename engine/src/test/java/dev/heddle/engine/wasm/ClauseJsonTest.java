package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.JsonValues;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clauses on their way to a module and back. */
class ClauseJsonTest {
  private static final List<String> TEXTS =
      List.of("", "a", "two words", "\"quoted\" \\ \n", "ü€\ud83d\ude80", "text", "field");

  private static Query roundTrip(Query query) {
    return ClauseJson.read(JsonValues.read(JsonValues.write(ClauseJson.write(query))));
  }

  private static Query read(String json) {
    return ClauseJson.read(JsonValues.read(json.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void everyKindOfClauseComesBackAsItWas() {
    long seed = System.nanoTime();
    var random = new Random(seed);
    Set<Class<?>> kinds = new HashSet<>();
    for (int i = 0; i < 2_000; i++) {
      var query = query(random, 3);
      kinds.add(query.getClass());
      assertEquals(query, roundTrip(query), () -> "seed " + seed);
    }
    assertEquals(Set.of(Query.class.getPermittedSubclasses()), kinds, () -> "seed " + seed);
  }

  private static Query query(Random random, int depth) {
    return switch (random.nextInt(depth > 0 ? 9 : 8)) {
      case 0 -> new Query.All();
      case 1 -> new Query.Match(text(random), texts(random), random.nextBoolean());
      case 2 -> new Query.Phrase(text(random), text(random), random.nextInt(101));
      case 3 -> new Query.Prefix(text(random), text(random));
      case 4 -> new Query.Term(text(random), value(random));
      case 5 -> range(random);
      case 6 -> new Query.Exists(text(random));
      case 7 ->
          new Query.GeoDistance(
              text(random),
              random.nextDouble(-90, 90),
              random.nextDouble(-180, 180),
              random.nextDouble(1, 40_000_000));
      default ->
          new Query.Bool(
              queries(random, depth - 1),
              queries(random, depth - 1),
              queries(random, depth - 1),
              queries(random, depth - 1));
    };
  }

  private static Query range(Random random) {
    boolean lower = random.nextBoolean();
    @Nullable Object least = lower ? value(random) : null;
    @Nullable Object most = lower && random.nextBoolean() ? null : value(random);
    return random.nextBoolean()
        ? new Query.Range(text(random), least, null, most, null)
        : new Query.Range(text(random), null, least, null, most);
  }

  private static String text(Random random) {
    return TEXTS.get(random.nextInt(TEXTS.size()));
  }

  private static List<String> texts(Random random) {
    return random.ints(random.nextInt(3), 0, TEXTS.size()).mapToObj(TEXTS::get).toList();
  }

  private static Object value(Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> random.nextLong();
      case 1 -> random.nextDouble(-1e300, 1e300);
      case 2 -> random.nextBoolean();
      case 3 -> 1.0;
      default -> text(random);
    };
  }

  private static List<Query> queries(Random random, int depth) {
    var queries = new ArrayList<Query>();
    for (int i = random.nextInt(3); i > 0; i--) {
      queries.add(query(random, depth));
    }
    return queries;
  }

  @Test
  void shortFormsMeanWhatTheDocumentsSay() {
    assertEquals(new Query.Match("a b", List.of(), false), read("\"a b\""));
    assertEquals(
        new Query.Match("a", List.of("title"), false), read("{\"match\":{\"title\":\"a\"}}"));
    assertEquals(new Query.Phrase("title", "a b", 0), read("{\"phrase\":{\"title\":\"a b\"}}"));
    assertEquals(new Query.Exists("x"), read("{\"exists\":{\"field\":\"x\"}}"));
    assertEquals(
        new Query.Bool(List.of(new Query.All()), List.of(), List.of(), List.of()),
        read("{\"bool\":{\"must\":{\"all\":{}}}}"));
    for (var distance : List.of("10000", "\"10km\"", "\"10000m\"")) {
      assertEquals(
          new Query.GeoDistance("p", 1.5, 2, 10_000),
          read(
              "{\"geoDistance\":{\"field\":\"p\",\"lat\":1.5,\"lon\":2,\"distance\":%s}}"
                  .formatted(distance)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "7",
        "[]",
        "{}",
        "{\"all\":{},\"match\":{\"text\":\"a\"}}",
        "{\"all\":{\"x\":1}}",
        "{\"fuzzy\":{\"f\":\"a\"}}",
        "{\"match\":{}}",
        "{\"match\":{\"text\":\"a\",\"operator\":\"some\"}}",
        "{\"match\":{\"text\":7}}",
        "{\"phrase\":{\"text\":\"a\",\"slop\":101}}",
        "{\"prefix\":{\"a\":\"b\",\"c\":\"d\"}}",
        "{\"term\":{\"f\":null}}",
        "{\"term\":{\"f\":{}}}",
        "{\"range\":{\"f\":{}}}",
        "{\"range\":{\"f\":{\"gte\":1,\"gt\":1}}}",
        "{\"range\":{\"f\":{\"over\":1}}}",
        "{\"exists\":{\"name\":\"f\"}}",
        "{\"geoDistance\":{\"field\":\"p\",\"lat\":91,\"lon\":0,\"distance\":1}}",
        "{\"geoDistance\":{\"field\":\"p\",\"lat\":0,\"lon\":0,\"distance\":\"10 miles\"}}",
        "{\"geoDistance\":{\"field\":\"p\",\"lat\":0,\"lon\":0,\"distance\":0}}",
        "{\"bool\":{}}",
        "{\"bool\":{\"must\":[7]}}",
        "{\"bool\":{\"any\":[]}}"
      })
  void whatIsNoClauseIsRefusedInWords(String json) {
    var refusal = assertThrows(BadRequestException.class, () -> read(json));
    String words = String.valueOf(refusal.getMessage());
    assertTrue(words.contains("(expected: ") || words.contains("expected"), words);
  }

  private static Query nested(int levels) {
    Query query = new Query.All();
    for (int i = 0; i < levels; i++) {
      query = new Query.Bool(List.of(query), List.of(), List.of(), List.of());
    }
    return query;
  }

  @Test
  void clausesAreBoundedInDepthAndNumber() {
    assertEquals(nested(31), roundTrip(nested(31)));
    var tooDeep = ClauseJson.write(nested(32));
    var json = JsonValues.read(JsonValues.write(tooDeep));
    assertThrows(BadRequestException.class, () -> ClauseJson.read(json));
    var many = new String[1_100];
    Arrays.fill(many, "{\"all\":{}}");
    String wide = "{\"bool\":{\"should\":[" + String.join(",", many) + "]}}";
    assertThrows(BadRequestException.class, () -> read(wide));
  }
}
