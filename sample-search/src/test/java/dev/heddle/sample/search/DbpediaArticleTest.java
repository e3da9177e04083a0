package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DbpediaArticleTest {
  private static final String ONTOLOGY = "http://dbpedia.org/ontology/";

  private final DbpediaEntry entry = new DbpediaEntry();

  DbpediaArticleTest() {
    entry.uri = "http://dbpedia.org/resource/Ada_Lovelace";
    entry.title = "Ada Lovelace";
    entry.summary = "She wrote on the U.S. , the UK and engines .";
    entry.rank = 0.5;
  }

  @Test
  void labelsAreDistinctNamesOfAllLanguages() {
    entry.labels.addAll(List.of("ada lovelace", "Лавлейс, Ада"));
    var document = document(List.of("Ada Byron", "Ada-Lovelace"));
    assertEquals(List.of("Ada Byron"), texts(document.get("aliases")));
    assertEquals(
        List.of("Ada Lovelace", "Лавлейс, Ада", "Ada Byron"), texts(document.get("labels")));
  }

  @Test
  void textThatWasEscapedForHtmlIsReadable() {
    assertEquals(
        "R&B <b> – \"soul\"", DbpediaArticle.plain("R&amp;B &lt;b&gt; &ndash; &quot;soul&quot;"));
    assertEquals("&lt;", DbpediaArticle.plain("&amp;lt;"));
  }

  @Test
  void typesComeFromTheListAlone() {
    entry.types.addAll(List.of(ONTOLOGY + "Person", ONTOLOGY + "EthnicGroup", ONTOLOGY + "Work"));
    assertEquals(List.of("Person", "Work"), texts(document(List.of()).get("type")));
  }

  @Test
  void theBirthDateMustAgreeWithItsCategory() {
    entry.births.addAll(List.of(963_352_800_000L, -2_865_459_600_000L));
    entry.categories.add("http://dbpedia.org/resource/Category:1879_births");
    var document = document(List.of());
    assertEquals("1879-03-14", document.get("birthDate").stringValue());
    assertEquals(List.of("1870s"), texts(document.get("decade")));
  }

  @Test
  void oldDatesKeepTheirGregorianDay() {
    entry.births.add(-16_335_910_800_000L);
    assertEquals("1452-04-24", document(List.of()).get("birthDate").stringValue());
  }

  @Test
  void thePopulationIsTheLargestFigureAboveZero() {
    entry.populations.addAll(List.of(2006L, 140_003_542L));
    assertEquals(140_003_542, document(List.of()).get("population").longValue());
    entry.populations.clear();
    entry.populations.add(0L);
    assertFalse(document(List.of()).has("population"));
  }

  @Test
  void pointsNeedBothCoordinates() {
    entry.latitudes.add(48.5);
    assertFalse(document(List.of()).has("location"));
    entry.longitudes.add(2.25);
    assertEquals(48.5, document(List.of()).get("location").get("lat").doubleValue());
  }

  @Test
  void categoriesAreReadableAndAboutTheSubject() {
    entry.categories.add("http://dbpedia.org/resource/Category:Women_mathematicians");
    entry.categories.add("http://dbpedia.org/resource/Category:Articles_with_example_code");
    assertEquals(List.of("Women mathematicians"), texts(document(List.of()).get("categories")));
  }

  @Test
  void gapsOfRemovedMarkupAreClosed() {
    var summary = document(List.of()).get("abstract").stringValue();
    assertEquals("She wrote on the U.S., the UK and engines.", summary);
    assertTrue(document(List.of()).get("url").stringValue().endsWith("/wiki/Ada_Lovelace"));
  }

  private JsonNode document(List<String> redirects) {
    var document = DbpediaArticle.document(entry, redirects, new Mentions());
    assertEquals(entry.uri, document.id());
    return JsonMapper.shared().readTree(document.json());
  }

  private static List<String> texts(JsonNode list) {
    return list.valueStream().map(JsonNode::stringValue).toList();
  }
}
