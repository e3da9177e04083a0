package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HighlightTest {
  @TempDir Path directory;
  private LocalShards shards;

  @BeforeEach
  void open() throws IOException {
    shards = new LocalShards(directory, Things.SCHEMA, 1);
  }

  @AfterEach
  void close() throws IOException {
    shards.close();
  }

  @Test
  void textIsEscapedAroundTheMarks() throws IOException {
    put("\"title\":\"<script>alert('x')</script> & \\\"Films\\\"\"");
    assertEquals(
        List.of(
            "&lt;<em>script</em>&gt;alert(&#39;x&#39;)&lt;/<em>script</em>&gt; &amp;"
                + " &quot;<em>Films</em>&quot;"),
        highlights(match("script film"), "title").get("title"));
  }

  @Test
  void emptyWordsAreNotMarkedUnlessThereIsNothingElse() throws IOException {
    put("\"title\":\"The Who of the World\"");
    assertEquals(
        List.of("The Who of the <em>World</em>"),
        highlights(match("the world"), "title").get("title"));
    assertEquals(
        List.of("<em>The</em> <em>Who</em> of <em>the</em> World"),
        highlights(match("the who"), "title").get("title"));
  }

  @Test
  void phrasesAreMarkedWhereTheyStand() throws IOException {
    put("\"body\":\"New year in York, and New York itself\"");
    assertEquals(
        List.of("New year in York, and <em>New</em> <em>York</em> itself"),
        highlights(new Query.Phrase("body", "new york", 0), "body").get("body"));
  }

  @Test
  void prefixesMarkTheWholeWord() throws IOException {
    put("\"labels\":[\"München\",\"Munich\",\"Monaco\"]");
    assertEquals(
        List.of("<em>München</em>", "<em>Munich</em>"),
        highlights(new Query.Prefix("labels", "mun"), "labels").get("labels"));
  }

  @Test
  void ofManyValuesTheBestAreShown() throws IOException {
    put("\"tags\":[\"red\",\"other\",\"red apple\",\"apple\",\"an apple\",\"🍎 apple red\"]");
    assertEquals(
        List.of("<em>red</em> <em>apple</em>", "🍎 <em>apple</em> <em>red</em>", "<em>red</em>"),
        highlights(match("red apple"), "tags").get("tags"));
  }

  @Test
  void ofALongTextThePassageWithMostTermsIsShown() throws IOException {
    String filler = "Nothing of note happened in these years at all. ".repeat(20);
    put(
        "\"body\":\"The river is long. "
            + filler
            + "Then the river flooded the valley and its castle. "
            + filler
            + "\"");
    String fragment =
        highlights(match("river castle"), "body").getOrDefault("body", List.of()).getFirst();
    assertTrue(
        fragment.startsWith(
            "… Then the <em>river</em> flooded the valley and its <em>castle</em>. Nothing"),
        fragment);
    assertTrue(fragment.endsWith(" …") && fragment.length() < 300, fragment);
  }

  @Test
  void fieldsWithoutAMatchHaveNoHighlights() throws IOException {
    put("\"title\":\"one\",\"body\":\"two\"");
    assertEquals(Map.of(), highlights(match("three"), "title", "body"));
    assertEquals(
        Map.of("body", List.of("<em>two</em>")),
        highlights(new Query.Match("one two", List.of("body"), false), "title", "body", "tags"));
    assertEquals(
        Map.of(),
        highlights(
            new Query.Bool(List.of(), List.of(), List.of(match("one")), List.of(match("one"))),
            "title"));
  }

  @Test
  void onlyTextIsHighlighted() throws IOException {
    put("\"title\":\"one\"");
    assertThrows(BadRequestException.class, () -> highlights(match("one"), "size"));
  }

  private void put(String fields) throws IOException {
    assertEquals("", shards.put("1", "{" + fields + "}"));
    shards.refresh();
  }

  private Map<String, List<String>> highlights(Query query, String... fields) throws IOException {
    try (ShardReader reader = shards.open(query)) {
      return reader.document(0, List.of("title"), query, List.of(fields)).highlights();
    }
  }

  private static Query match(String text) {
    return new Query.Match(text, List.of(), false);
  }
}
