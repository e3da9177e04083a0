package dev.heddle.sample.search;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.GregorianCalendar;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TimeZone;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Makes the document of an article. */
final class DbpediaArticle {
  /** Facets come from this list alone: raw types and categories say more than a facet should. */
  private static final List<String> TYPES =
      List.of("Place", "Person", "Organisation", "Work", "Species", "Event");

  /** Categories about the article, not about what it describes. */
  private static final Pattern MAINTENANCE =
      Pattern.compile(
          "(?:All articles|Articles|Article Feedback|Wikipedia (?:articles|requested)) .*");

  private static final Pattern MARKS = Pattern.compile("[\\p{Punct}\\s]+");

  /** What is left where markup was taken out: "the U.S. , the USA". */
  private static final Pattern GAP = Pattern.compile("(?<=[\\p{L}\\p{N})\".]) ([,.;])(?= |$)");

  private static final String WIKIPEDIA = "https://en.wikipedia.org/wiki/";
  private static final JsonFactory JSON = new JsonFactory();

  /** Dates were stored as midnight in Central Europe: 22:00 or 23:00 UTC of the day before. */
  private static final long MIDNIGHT_MILLIS = 2 * 3_600_000L;

  private static final long DAY_MILLIS = 24 * 3_600_000L;

  private DbpediaArticle() {}

  /**
   * The document.
   *
   * @param redirects readable names of the redirects that lead here
   */
  static Corpus.Document document(
      DbpediaEntry entry, Collection<String> redirects, Mentions mentions) {
    var categories =
        entry.categories.stream()
            .map(ResourceName::readable)
            .filter(category -> !MAINTENANCE.matcher(category).matches())
            .sorted()
            .toList();
    var aliases = distinct(Set.of(entry.title), redirects);
    var labels = distinct(Set.of(), List.of(entry.title), entry.labels, aliases);
    var summary = GAP.matcher(plain(entry.summary)).replaceAll("$1");
    int birthYear = Decades.birthYear(categories);
    var birthDate = birthDate(entry.births, birthYear);
    var out = new ByteArrayOutputStream(2_048);
    try (var json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("title", entry.title);
      list(json, "aliases", aliases);
      list(json, "labels", labels);
      list(json, "categories", categories);
      json.writeStringProperty("abstract", summary);
      list(json, "type", types(entry.types));
      list(json, "decade", Decades.of(categories, birthDate.map(LocalDate::getYear).orElse(0)));
      list(json, "mentions", mentions.in(summary, entry.title));
      population(entry.populations).ifPresent(n -> json.writeNumberProperty("population", n));
      birthDate.ifPresent(date -> json.writeStringProperty("birthDate", date.toString()));
      location(json, entry);
      json.writeNumberProperty("rank", entry.rank);
      json.writeStringProperty("url", WIKIPEDIA + ResourceName.local(entry.uri));
      json.writeEndObject();
    }
    return new Corpus.Document(entry.uri, out.toByteArray());
  }

  /** Some abstracts were escaped for HTML once. */
  static String plain(String text) {
    return text.indexOf('&') < 0
        ? text
        : text.replace("&nbsp;", " ")
            .replace("&ndash;", "–")
            .replace("&mdash;", "—")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
  }

  /** Keeps the first of names that differ in case and marks alone. */
  @SafeVarargs
  private static List<String> distinct(Set<String> known, Collection<String>... names) {
    var seen = new LinkedHashSet<String>();
    known.forEach(name -> seen.add(folded(name)));
    var kept = new LinkedHashSet<String>();
    for (var some : names) {
      for (var name : some) {
        var folded = folded(name);
        if (!folded.isEmpty() && seen.add(folded)) {
          kept.add(name);
        }
      }
    }
    return List.copyOf(kept);
  }

  private static String folded(String name) {
    return MARKS.matcher(name.toLowerCase(Locale.ROOT)).replaceAll(" ").strip();
  }

  private static List<String> types(List<String> uris) {
    return TYPES.stream()
        .filter(type -> uris.stream().anyMatch(uri -> uri.endsWith("/" + type)))
        .toList();
  }

  /** The largest: the others are parts of the place, or years and ranks that slipped in. */
  private static Optional<Long> population(List<Long> values) {
    return values.stream().max(Long::compare).filter(value -> value > 0);
  }

  /**
   * The first date that agrees with the "… births" category; days and months slipped in as years.
   */
  private static Optional<LocalDate> birthDate(List<Long> births, int birthYear) {
    return births.stream()
        .map(DbpediaArticle::date)
        .flatMap(Optional::stream)
        .filter(date -> birthYear == 0 || date.getYear() == birthYear)
        .findFirst();
  }

  /** Stored by the calendar that was Julian before 1582, though the dates were Gregorian. */
  private static Optional<LocalDate> date(long millis) {
    var utc = TimeZone.getTimeZone(ZoneOffset.UTC);
    var calendar = new GregorianCalendar(utc, Locale.ROOT);
    calendar.setTimeInMillis(Math.floorDiv(millis + MIDNIGHT_MILLIS, DAY_MILLIS) * DAY_MILLIS);
    if (calendar.get(GregorianCalendar.ERA) != GregorianCalendar.AD) {
      return Optional.empty();
    }
    int year = calendar.get(GregorianCalendar.YEAR);
    int month = calendar.get(GregorianCalendar.MONTH) + 1;
    int day = calendar.get(GregorianCalendar.DAY_OF_MONTH);
    boolean exists = YearMonth.of(year, month).isValidDay(day);
    return exists
        ? Optional.of(LocalDate.of(year, month, day))
        : Optional.of(LocalDate.ofInstant(Instant.ofEpochMilli(millis), ZoneOffset.UTC));
  }

  /** Only where latitudes and longitudes pair up. */
  private static void location(JsonGenerator json, DbpediaEntry entry) {
    if (entry.latitudes.isEmpty() || entry.latitudes.size() != entry.longitudes.size()) {
      return;
    }
    double lat = entry.latitudes.getFirst();
    double lon = entry.longitudes.getFirst();
    if (Math.abs(lat) <= 90 && Math.abs(lon) <= 180) {
      json.writeObjectPropertyStart("location");
      json.writeNumberProperty("lat", lat);
      json.writeNumberProperty("lon", lon);
      json.writeEndObject();
    }
  }

  private static void list(JsonGenerator json, String name, Collection<String> values) {
    if (values.isEmpty()) {
      return;
    }
    json.writeArrayPropertyStart(name);
    values.forEach(json::writeString);
    json.writeEndArray();
  }
}
