package dev.heddle.cli.cluster;

import com.google.protobuf.ByteString;
import dev.heddle.v1.BulkItem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Forty made-up articles in the sample application's schema. Twenty match "lighthouse": sixteen
 * lighthouses, three engineers and one town.
 */
final class Articles {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final List<String> LIGHTHOUSES =
      List.of(
          "Skerrow",
          "Bellstone",
          "Ardan",
          "Morrow",
          "Fennick",
          "Gannet",
          "Tarn",
          "Pell",
          "Quoin",
          "Ravensgat",
          "Orm",
          "Thole",
          "Ulva",
          "Vane",
          "Wrack",
          "Yarrow");
  private static final List<String> ENGINEERS = List.of("Ada Quill", "Brand Osk", "Cora Lindh");
  private static final List<String> POETS =
      List.of(
          "Dorn Avery",
          "Elin Maas",
          "Finn Tolbert",
          "Greta Holm",
          "Hale Ibsen",
          "Iva Jorn",
          "Jory Kell",
          "Kaia Lund",
          "Lars Munn");
  private static final List<String> TOWNS =
      List.of(
          "Gullhaven",
          "Norbridge",
          "Ostwick",
          "Penmarsh",
          "Queensford",
          "Rookbury",
          "Saltmere",
          "Tidewell",
          "Underhill",
          "Vossburg",
          "Westering",
          "Yewdale");

  private final List<BulkItem> items = new ArrayList<>();

  private Articles() {}

  static List<BulkItem> items() {
    var articles = new Articles();
    for (int i = 0; i < LIGHTHOUSES.size(); i++) {
      articles.lighthouse(i, LIGHTHOUSES.get(i));
    }
    ENGINEERS.forEach(articles::engineer);
    POETS.forEach(articles::poet);
    for (int i = 0; i < TOWNS.size(); i++) {
      articles.town(i, TOWNS.get(i));
    }
    return articles.items;
  }

  private void lighthouse(int i, String name) {
    var mentions = new ArrayList<>(List.of("Fresnel lens"));
    if (i % 2 == 0) {
      mentions.add("Ada Quill");
    }
    if (i % 3 == 0) {
      mentions.add("Fog signal");
    }
    add(
        name + " Lighthouse",
        List.of(name + " Light"),
        name
            + " Lighthouse stands on a reef. Its keepers <i>wind</i> the clockwork & trim the"
            + " lamp.",
        Map.of(
            "type",
            List.of("Place", "Lighthouse"),
            "decade",
            List.of("18" + (5 + i % 4) + "0s"),
            "mentions",
            mentions,
            "rank",
            0.2 + i / 100.0));
  }

  private void engineer(String name) {
    add(
        name,
        List.of(name + " the Engineer"),
        name + " was an engineer, and built more than one lighthouse with prisms of glass.",
        Map.of(
            "type", List.of("Person"),
            "decade", List.of("1860s"),
            "mentions", List.of("Fresnel lens"),
            "birthDate", "1829-04-17",
            "rank", 0.5));
  }

  private void poet(String name) {
    add(
        name,
        List.of(),
        name + " was a poet of the river towns, whose verses praise herring and rain.",
        Map.of(
            "type", List.of("Person"),
            "decade", List.of("1920s"),
            "mentions", List.of("Tide Review", "Saltmere"),
            "birthDate", "1891-11-02",
            "rank", 0.3));
  }

  private void town(int i, String name) {
    boolean first = i == 0;
    add(
        name,
        first ? List.of("Möwenhafen", "Port-aux-Mouettes") : List.of(name + "stadt"),
        name + " is a port" + (first ? " with a lighthouse at the mole." : " on a quiet river."),
        Map.of(
            "type", List.of("Place", "Town"),
            "mentions", List.of("Herring"),
            "population", first ? 12_400_000 : 3_000 * (i + 1),
            "location", Map.of("lat", 54.0 + i, "lon", 8.0),
            "rank", first ? 0.9 : 0.4));
  }

  private void add(String title, List<String> names, String text, Map<String, Object> others) {
    var labels = new ArrayList<>(List.of(title));
    labels.addAll(names);
    var article = new HashMap<>(others);
    article.put("title", title);
    article.put("aliases", names);
    article.put("labels", labels);
    article.put("abstract", text);
    String id = "https://example.org/resource/" + title.replace(' ', '_');
    article.put("url", id.replace("resource", "wiki"));
    items.add(
        BulkItem.newBuilder()
            .setId(id)
            .setPutJson(ByteString.copyFrom(JSON.writeValueAsBytes(article)))
            .build());
  }
}
