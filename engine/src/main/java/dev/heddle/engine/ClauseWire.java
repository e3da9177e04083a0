package dev.heddle.engine;

import dev.heddle.function.Query;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.Bool;
import dev.heddle.v1.Clause;
import dev.heddle.v1.GeoDistance;
import dev.heddle.v1.Match;
import dev.heddle.v1.Phrase;
import dev.heddle.v1.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Clauses to queries, with every check that needs no schema; and back. One use per request. */
final class ClauseWire {
  private static final int MAX_SLOP = 100;
  private static final double MAX_METERS = 40_000_000;

  private final QueryLimits limits;
  private int clauses;

  ClauseWire(QueryLimits limits) {
    this.limits = limits;
  }

  Query read(Clause clause, String path) {
    return read(clause, path, 1);
  }

  private Query read(Clause clause, String path, int depth) {
    if (depth > limits.maxDepth()) {
      throw Refusals.refuse(
          ErrorCode.TOO_LARGE, path, "nested deeper", "at most " + limits.maxDepth() + " levels");
    }
    if (++clauses > limits.maxClauses()) {
      throw Refusals.refuse(
          ErrorCode.TOO_LARGE,
          path,
          "clause number " + clauses,
          "at most " + limits.maxClauses() + " clauses");
    }
    return switch (clause.getKindCase()) {
      case MATCH -> match(clause.getMatch(), path + ".match");
      case PHRASE -> phrase(clause.getPhrase(), path + ".phrase");
      case PREFIX -> {
        var prefix = clause.getPrefix();
        field(prefix.getField(), path + ".prefix.field");
        yield new Query.Prefix(prefix.getField(), text(prefix.getText(), path + ".prefix.text"));
      }
      case TERM -> {
        var term = clause.getTerm();
        field(term.getField(), path + ".term.field");
        yield new Query.Term(
            term.getField(),
            ValueWire.read(term.getValue(), path + ".term.value", limits.maxText()));
      }
      case RANGE -> range(clause.getRange(), path + ".range");
      case EXISTS -> {
        field(clause.getExists().getField(), path + ".exists.field");
        yield new Query.Exists(clause.getExists().getField());
      }
      case GEO_DISTANCE -> geoDistance(clause.getGeoDistance(), path + ".geoDistance");
      case BOOL -> bool(clause.getBool(), path + ".bool", depth);
      case ALL -> new Query.All();
      case KIND_NOT_SET ->
          throw Refusals.missing(
              path, "one of match, phrase, prefix, term, range, exists, geoDistance, bool, all");
    };
  }

  private Query match(Match match, String path) {
    Refusals.atMost(path + ".fields", match.getFieldsCount(), limits.maxFields(), "");
    for (int i = 0; i < match.getFieldsCount(); i++) {
      field(match.getFields(i), path + ".fields[" + i + "]");
    }
    return new Query.Match(
        text(match.getText(), path + ".text"), match.getFieldsList(), match.getAllTerms());
  }

  private Query phrase(Phrase phrase, String path) {
    long slop = Integer.toUnsignedLong(phrase.getSlop());
    if (slop > MAX_SLOP) {
      throw Refusals.outOfRange(path + ".slop", slop, "0.." + MAX_SLOP);
    }
    return new Query.Phrase(phrase.getField(), text(phrase.getText(), path + ".text"), (int) slop);
  }

  private Query range(Range range, String path) {
    field(range.getField(), path + ".field");
    if (!range.hasGte() && !range.hasGt() && !range.hasLte() && !range.hasLt()) {
      throw Refusals.missing(path, "at least one of gte, gt, lte, lt");
    }
    if (range.hasGte() && range.hasGt()) {
      throw Refusals.refuse(ErrorCode.INVALID_REQUEST, path, "both gte and gt", "one of them");
    }
    if (range.hasLte() && range.hasLt()) {
      throw Refusals.refuse(ErrorCode.INVALID_REQUEST, path, "both lte and lt", "one of them");
    }
    int maxText = limits.maxText();
    return new Query.Range(
        range.getField(),
        ValueWire.readBound(range.hasGte(), range.getGte(), path + ".gte", maxText),
        ValueWire.readBound(range.hasGt(), range.getGt(), path + ".gt", maxText),
        ValueWire.readBound(range.hasLte(), range.getLte(), path + ".lte", maxText),
        ValueWire.readBound(range.hasLt(), range.getLt(), path + ".lt", maxText));
  }

  private static Query geoDistance(GeoDistance geo, String path) {
    field(geo.getField(), path + ".field");
    if (!(Math.abs(geo.getLat()) <= 90)) {
      throw Refusals.outOfRange(path + ".lat", geo.getLat(), "-90..90");
    }
    if (!(Math.abs(geo.getLon()) <= 180)) {
      throw Refusals.outOfRange(path + ".lon", geo.getLon(), "-180..180");
    }
    if (!(geo.getMeters() > 0 && geo.getMeters() <= MAX_METERS)) {
      throw Refusals.outOfRange(
          path + ".distance", geo.getMeters() + "m", "more than 0m, at most 40000000m");
    }
    return new Query.GeoDistance(geo.getField(), geo.getLat(), geo.getLon(), geo.getMeters());
  }

  private Query bool(Bool bool, String path, int depth) {
    int parts =
        bool.getMustCount()
            + bool.getShouldCount()
            + bool.getMustNotCount()
            + bool.getFilterCount();
    if (parts == 0) {
      throw Refusals.missing(path, "at least one of must, should, mustNot, filter");
    }
    return new Query.Bool(
        all(bool.getMustList(), path + ".must", depth),
        all(bool.getShouldList(), path + ".should", depth),
        all(bool.getMustNotList(), path + ".mustNot", depth),
        all(bool.getFilterList(), path + ".filter", depth));
  }

  private List<Query> all(List<Clause> clauses, String path, int depth) {
    var queries = new ArrayList<Query>(clauses.size());
    for (int i = 0; i < clauses.size(); i++) {
      queries.add(read(clauses.get(i), path + "[" + i + "]", depth + 1));
    }
    return queries;
  }

  private static void field(String field, String path) {
    if (field.isEmpty()) {
      throw Refusals.missing(path, "a field's name");
    }
  }

  private String text(String text, String path) {
    Refusals.atMost(path, text.length(), limits.maxText(), " characters");
    return text;
  }

  static Clause write(Query query) {
    var clause = Clause.newBuilder();
    switch (query) {
      case Query.All all -> clause.getAllBuilder();
      case Query.Match match ->
          clause
              .getMatchBuilder()
              .setText(match.text())
              .addAllFields(match.fields())
              .setAllTerms(match.allTerms());
      case Query.Phrase phrase ->
          clause
              .getPhraseBuilder()
              .setField(phrase.field())
              .setText(phrase.text())
              .setSlop(phrase.slop());
      case Query.Prefix prefix ->
          clause.getPrefixBuilder().setField(prefix.field()).setText(prefix.text());
      case Query.Term term ->
          clause.getTermBuilder().setField(term.field()).setValue(ValueWire.write(term.value()));
      case Query.Range range -> clause.setRange(write(range));
      case Query.Exists exists -> clause.getExistsBuilder().setField(exists.field());
      case Query.GeoDistance geo ->
          clause
              .getGeoDistanceBuilder()
              .setField(geo.field())
              .setLat(geo.lat())
              .setLon(geo.lon())
              .setMeters(geo.meters());
      case Query.Bool bool -> clause.setBool(write(bool));
    }
    return clause.build();
  }

  private static Range write(Query.Range range) {
    var wire = Range.newBuilder().setField(range.field());
    ifPresent(range.gte(), value -> wire.setGte(ValueWire.write(value)));
    ifPresent(range.gt(), value -> wire.setGt(ValueWire.write(value)));
    ifPresent(range.lte(), value -> wire.setLte(ValueWire.write(value)));
    ifPresent(range.lt(), value -> wire.setLt(ValueWire.write(value)));
    return wire.build();
  }

  private static void ifPresent(@Nullable Object value, Consumer<Object> action) {
    if (value != null) {
      action.accept(value);
    }
  }

  private static Bool write(Query.Bool bool) {
    var wire = Bool.newBuilder();
    bool.must().forEach(query -> wire.addMust(write(query)));
    bool.should().forEach(query -> wire.addShould(write(query)));
    bool.mustNot().forEach(query -> wire.addMustNot(write(query)));
    bool.filter().forEach(query -> wire.addFilter(write(query)));
    return wire.build();
  }
}
