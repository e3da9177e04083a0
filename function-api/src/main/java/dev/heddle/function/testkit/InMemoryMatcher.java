package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.function.Shard.FieldKind;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides which documents of an {@link InMemoryShard} match a query, and with what score. */
final class InMemoryMatcher {
  private static final double EARTH_METERS = 6_371_008.8;

  private final InMemoryShard shard;
  private final Query query;

  InMemoryMatcher(InMemoryShard shard, Query query) {
    this.shard = shard;
    this.query = query;
  }

  /** NaN where the document does not match. */
  float score(InMemoryDocument document) {
    return score(query, document);
  }

  private float score(Query part, InMemoryDocument document) {
    return switch (part) {
      case Query.All all -> 1;
      case Query.Match match -> match(match, document);
      case Query.Phrase phrase -> matches(phrase(phrase, document));
      case Query.Prefix prefix -> matches(prefix(prefix, document));
      case Query.Term term -> matches(term(term, document));
      case Query.Range range -> matches(range(range, document));
      case Query.Exists exists -> {
        shard.kind(exists.field());
        yield matches(!document.values(exists.field()).isEmpty());
      }
      case Query.GeoDistance geo -> matches(near(geo, document));
      case Query.Bool bool -> bool(bool, document);
    };
  }

  private static float matches(boolean does) {
    return does ? 1 : Float.NaN;
  }

  static List<String> tokens(String text) {
    var tokens = new ArrayList<String>();
    for (var token : text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+")) {
      if (!token.isEmpty()) {
        tokens.add(token);
      }
    }
    return tokens;
  }

  private List<String> textFields(List<String> asked) {
    if (!asked.isEmpty()) {
      asked.forEach(field -> shard.expect(field, FieldKind.TEXT, FieldKind.KEYWORD));
      return asked;
    }
    return shard.fields().stream().filter(f -> shard.kind(f) == FieldKind.TEXT).toList();
  }

  private float match(Query.Match match, InMemoryDocument document) {
    var held = new LinkedHashSet<String>();
    for (var field : textFields(match.fields())) {
      document.values(field).forEach(value -> held.addAll(tokens(value.toString())));
    }
    var wanted = new LinkedHashSet<>(tokens(match.text()));
    int found = 0;
    for (var token : wanted) {
      found += held.contains(token) ? 1 : 0;
    }
    boolean enough = match.allTerms() ? found == wanted.size() : found > 0;
    return enough && found > 0 ? found : Float.NaN;
  }

  private boolean phrase(Query.Phrase phrase, InMemoryDocument document) {
    var wanted = tokens(phrase.text());
    for (var field : textFields(phrase.field().isEmpty() ? List.of() : List.of(phrase.field()))) {
      for (var value : document.values(field)) {
        if (inOrder(tokens(value.toString()), wanted, phrase.slop())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether the tokens stand in this order with at most {@code slop} others in between. */
  private static boolean inOrder(List<String> tokens, List<String> wanted, int slop) {
    for (int start = 0; start < tokens.size() && !wanted.isEmpty(); start++) {
      int at = start;
      int found = 0;
      while (at < tokens.size() && found < wanted.size() && at - start - found <= slop) {
        found += tokens.get(at).equals(wanted.get(found)) ? 1 : 0;
        at++;
      }
      if (found == wanted.size() && at - start - found <= slop) {
        return true;
      }
    }
    return false;
  }

  private boolean prefix(Query.Prefix prefix, InMemoryDocument document) {
    boolean text =
        shard.expect(prefix.field(), FieldKind.TEXT, FieldKind.KEYWORD) == FieldKind.TEXT;
    var wanted = tokens(prefix.text());
    for (var value : document.values(prefix.field())) {
      if (!text && value.toString().startsWith(prefix.text())) {
        return true;
      }
      var held = tokens(value.toString());
      if (text
          && !wanted.isEmpty()
          && held.containsAll(wanted.subList(0, wanted.size() - 1))
          && held.stream().anyMatch(token -> token.startsWith(wanted.getLast()))) {
        return true;
      }
    }
    return false;
  }

  private boolean term(Query.Term term, InMemoryDocument document) {
    var kind = shard.kind(term.field());
    if (kind == FieldKind.TEXT) {
      return document.values(term.field()).stream()
          .anyMatch(value -> tokens(value.toString()).contains(term.value().toString()));
    }
    var wanted = bound(term.field(), kind, term.value());
    return document.values(term.field()).stream()
        .anyMatch(value -> InMemoryDocument.compare(value, wanted) == 0);
  }

  private static Object bound(String field, FieldKind kind, Object value) {
    if (kind == FieldKind.DATE) {
      return InMemoryDocument.date(field, value);
    }
    boolean number = kind == FieldKind.LONG || kind == FieldKind.DOUBLE;
    if (kind == FieldKind.GEO_POINT
        || kind == FieldKind.STORED
        || number != value instanceof Number) {
      throw new BadRequestException(
          field + ": " + value + " (expected: a value of a " + kind + ")");
    }
    return value;
  }

  private boolean range(Query.Range range, InMemoryDocument document) {
    var kind =
        shard.expect(
            range.field(), FieldKind.KEYWORD, FieldKind.LONG, FieldKind.DOUBLE, FieldKind.DATE);
    for (var value : document.values(range.field())) {
      if (above(range, kind, value, range.gte(), 0)
          && above(range, kind, value, range.gt(), 1)
          && below(range, kind, value, range.lte(), 0)
          && below(range, kind, value, range.lt(), -1)) {
        return true;
      }
    }
    return false;
  }

  private static boolean above(
      Query.Range range, FieldKind kind, Object value, @Nullable Object bound, int least) {
    return bound == null
        || Integer.signum(InMemoryDocument.compare(value, bound(range.field(), kind, bound)))
            >= least;
  }

  private static boolean below(
      Query.Range range, FieldKind kind, Object value, @Nullable Object bound, int most) {
    return bound == null
        || Integer.signum(InMemoryDocument.compare(value, bound(range.field(), kind, bound)))
            <= most;
  }

  private boolean near(Query.GeoDistance geo, InMemoryDocument document) {
    shard.expect(geo.field(), FieldKind.GEO_POINT);
    for (var value : document.values(geo.field())) {
      var point = (double[]) value;
      double lat = Math.toRadians(point[0] - geo.lat());
      double lon = Math.toRadians(point[1] - geo.lon());
      double a =
          Math.pow(Math.sin(lat / 2), 2)
              + Math.cos(Math.toRadians(geo.lat()))
                  * Math.cos(Math.toRadians(point[0]))
                  * Math.pow(Math.sin(lon / 2), 2);
      if (2 * EARTH_METERS * Math.asin(Math.sqrt(Math.min(1, a))) <= geo.meters()) {
        return true;
      }
    }
    return false;
  }

  private float bool(Query.Bool bool, InMemoryDocument document) {
    float sum = 0;
    for (var must : bool.must()) {
      // A part that does not match is NaN, and so becomes the sum.
      sum += score(must, document);
    }
    for (var filter : bool.filter()) {
      sum += 0 * score(filter, document);
    }
    for (var mustNot : bool.mustNot()) {
      sum = Float.isNaN(score(mustNot, document)) ? sum : Float.NaN;
    }
    boolean any = !bool.must().isEmpty() || !bool.filter().isEmpty();
    for (var should : bool.should()) {
      float score = score(should, document);
      sum += Float.isNaN(score) ? 0 : score;
      any |= !Float.isNaN(score);
    }
    return any ? sum : Float.NaN;
  }

  List<String> highlight(String field, InMemoryDocument document) {
    var wanted = new LinkedHashSet<String>();
    addTokens(query, wanted);
    var marked = new ArrayList<String>();
    for (var value : document.values(field)) {
      var html = new StringBuilder();
      boolean found = false;
      for (var part : value.toString().split("(?<=[^\\p{L}\\p{N}])|(?=[^\\p{L}\\p{N}])")) {
        boolean hit = wanted.contains(part.toLowerCase(Locale.ROOT));
        found |= hit;
        html.append(hit ? "<em>" : "").append(escaped(part)).append(hit ? "</em>" : "");
      }
      if (found) {
        marked.add(html.toString());
      }
    }
    return marked;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static void addTokens(Query part, Set<String> tokens) {
    switch (part) {
      case Query.Match match -> tokens.addAll(tokens(match.text()));
      case Query.Phrase phrase -> tokens.addAll(tokens(phrase.text()));
      case Query.Prefix prefix -> tokens.addAll(tokens(prefix.text()));
      case Query.Term term -> tokens.add(term.value().toString());
      case Query.Bool bool -> {
        bool.must().forEach(inner -> addTokens(inner, tokens));
        bool.should().forEach(inner -> addTokens(inner, tokens));
      }
      case Query.All all -> {}
      case Query.Range range -> {}
      case Query.Exists exists -> {}
      case Query.GeoDistance geo -> {}
    }
  }
}
