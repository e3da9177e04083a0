package dev.heddle.sample.search;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The schema of a user's documents, guessed from the first of them. All values of a field seen so
 * far decide, and the first of these rules that holds for every one of them:
 *
 * <ol>
 *   <li>whole numbers: {@code long}; numbers: {@code double}
 *   <li>objects of exactly {@code lat} and {@code lon}: {@code geoPoint}
 *   <li>strings that are ISO dates or instants: {@code date}
 *   <li>strings that are http addresses: {@code stored}
 *   <li>short strings (at most 40 characters) of which each is seen twice or more on average, in at
 *       least 20 values: {@code keyword}
 *   <li>strings: {@code text}, analyzer {@code english}, weight 3 for a field named title, name,
 *       label, headline or subject, else 1
 *   <li>anything else, and mixtures: {@code stored}
 * </ol>
 *
 * A field with a list in any document is {@code multi}; nulls say nothing.
 */
final class InferredSchema {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,63}");
  private static final Set<String> TITLES = Set.of("title", "name", "label", "headline", "subject");
  private static final int KEYWORD_LENGTH = 40;
  private static final int KEYWORD_VALUES = 20;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Map<String, Seen> fields = new LinkedHashMap<>();

  private InferredSchema() {}

  static String of(Corpus.Documents documents, int sample) {
    var schema = new InferredSchema();
    int seen = 0;
    for (; seen < sample && documents.hasNext(); seen++) {
      JSON.readTree(documents.next().json()).properties().forEach(schema::see);
    }
    if (schema.fields.isEmpty()) {
      throw new CorpusException(
          "corpus: "
              + seen
              + " documents with fields (expected: at least 1)"
              + documents.rejections().first().stream()
                  .map(rejection -> "; " + rejection)
                  .reduce("", String::concat));
    }
    return schema.json();
  }

  private void see(Map.Entry<String, JsonNode> field) {
    var name = field.getKey();
    if (!NAME.matcher(name).matches()) {
      throw new CorpusException("field: " + name + " (expected: a name like " + NAME + ")");
    }
    var seen = fields.computeIfAbsent(name, ignored -> new Seen());
    if (field.getValue().isArray()) {
      seen.multi = true;
      field.getValue().forEach(seen::add);
    } else {
      seen.add(field.getValue());
    }
  }

  private String json() {
    var root = JSON.createObjectNode();
    var list = root.putArray("fields");
    fields.forEach((name, seen) -> {
      var kind = seen.kind();
      var field = list.addObject().put("name", name).put("type", kind.json);
      if (kind == Kind.TEXT) {
        field.put("analyzer", "english").put("weight", TITLES.contains(name) ? 3.0 : 1.0);
      }
      if (seen.multi && kind != Kind.STORED) {
        field.put("multi", true);
      }
    });
    return root.toString();
  }

  /** What a value can be; the order is that of the rules. */
  private enum Kind {
    LONG("long"),
    DOUBLE("double"),
    GEO_POINT("geoPoint"),
    DATE("date"),
    KEYWORD("keyword"),
    TEXT("text"),
    STORED("stored");

    private final String json;

    Kind(String json) {
      this.json = json;
    }
  }

  /** What was seen of a field. */
  private static final class Seen {
    private final Set<Kind> kinds = new HashSet<>();
    private final Set<String> distinct = new HashSet<>();
    private boolean multi;
    private boolean addresses = true;
    private boolean lengthy;
    private long strings;

    void add(JsonNode value) {
      if (value.isNull()) {
        return;
      }
      kinds.add(kind(value));
      if (value.isString()) {
        var text = value.stringValue();
        strings++;
        addresses &= text.startsWith("http://") || text.startsWith("https://");
        lengthy |= text.length() > KEYWORD_LENGTH;
        if (!lengthy) {
          distinct.add(text);
        }
      }
    }

    private static Kind kind(JsonNode value) {
      if (value.isIntegralNumber()) {
        return value.canConvertToLong() ? Kind.LONG : Kind.DOUBLE;
      }
      if (value.isNumber()) {
        return Kind.DOUBLE;
      }
      if (value.isString()) {
        return isDate(value.stringValue()) ? Kind.DATE : Kind.TEXT;
      }
      boolean point = value.isObject() && value.size() == 2;
      return point && value.path("lat").isNumber() && value.path("lon").isNumber()
          ? Kind.GEO_POINT
          : Kind.STORED;
    }

    private static boolean isDate(String text) {
      if (text.length() < 10 || !Character.isDigit(text.charAt(0))) {
        return false;
      }
      try {
        if (text.length() == 10) {
          LocalDate.parse(text);
        } else {
          Instant.parse(text);
        }
        return true;
      } catch (DateTimeException e) {
        return false;
      }
    }

    Kind kind() {
      if (kinds.equals(Set.of(Kind.LONG, Kind.DOUBLE))) {
        return Kind.DOUBLE;
      }
      boolean text = !kinds.isEmpty() && Set.of(Kind.DATE, Kind.TEXT).containsAll(kinds);
      if (text && kinds.contains(Kind.TEXT)) {
        boolean repeated = strings >= KEYWORD_VALUES && distinct.size() * 2L <= strings;
        return addresses ? Kind.STORED : repeated && !lengthy ? Kind.KEYWORD : Kind.TEXT;
      }
      return kinds.size() == 1 ? kinds.iterator().next() : Kind.STORED;
    }
  }
}
