package dev.heddle.sample.search;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One entry of the index as it is stored: an article, a redirect, or a category. Lists keep the
 * stored order.
 */
final class DbpediaEntry {
  private static final String URI = "uri";
  private static final String RANK = "flo/entityhub:entityRank/";
  private static final String TITLE = "@en/rdfs:label/";
  private static final String ABSTRACT = "@en/rdfs:comment/";
  private static final String REDIRECT = "ref/rdfs:seeAlso/";
  private static final String TYPE = "ref/rdf:type/";
  private static final String CATEGORY = "ref/dc:subject/";
  private static final String BIRTH = "cal/dbp-ont:birthDate/";
  private static final String LATITUDE = "dou/geo:lat/";
  private static final String LONGITUDE = "dou/geo:long/";
  private static final String POPULATION = "lon/dbp-ont:populationTotal/";
  private static final List<String> LANGUAGES =
      List.of("de", "fr", "it", "nl", "pt", "sv", "da", "no", "fi", "tr", "ru", "ar", "zh");

  /** What names and ranks an entry, and says what it is. */
  static final Set<String> HEAD = Set.of(URI, RANK, TITLE, ABSTRACT, REDIRECT);

  /** All that a document is made of. */
  static final Set<String> ALL = all();

  String uri = "";
  String title = "";
  String summary = "";
  double rank;
  final Set<String> labels = new LinkedHashSet<>();
  final List<String> redirects = new ArrayList<>();
  final List<String> types = new ArrayList<>();
  final List<String> categories = new ArrayList<>();
  final List<Long> births = new ArrayList<>();
  final List<Double> latitudes = new ArrayList<>();
  final List<Double> longitudes = new ArrayList<>();
  final List<Long> populations = new ArrayList<>();

  private static Set<String> all() {
    var all = new LinkedHashSet<>(HEAD);
    all.addAll(List.of(TYPE, CATEGORY, BIRTH, LATITUDE, LONGITUDE, POPULATION));
    LANGUAGES.forEach(language -> all.add("@" + language + "/rdfs:label/"));
    return Set.copyOf(all);
  }

  /** Reads the entry with these fields alone. */
  static DbpediaEntry read(StoredFields stored, int document, Set<String> fields) {
    var entry = new DbpediaEntry();
    stored.read(document, fields, entry::set);
    return entry;
  }

  /** Whether this is an article with an English abstract: only those become documents. */
  boolean article() {
    return !summary.isEmpty();
  }

  private void set(String field, Object value) {
    switch (field) {
      case URI -> uri = (String) value;
      case RANK -> rank = (Double) value;
      case TITLE -> title = (String) value;
      case ABSTRACT -> summary = ((String) value).strip();
      case REDIRECT -> redirects.add((String) value);
      case TYPE -> types.add((String) value);
      case CATEGORY -> categories.add((String) value);
      case BIRTH -> births.add((Long) value);
      case LATITUDE -> latitudes.add((Double) value);
      case LONGITUDE -> longitudes.add((Double) value);
      case POPULATION -> populations.add((Long) value);
      default -> labels.add(((String) value).strip());
    }
  }
}
