package dev.heddle.shard;

import static dev.heddle.catalog.FieldType.DATE;
import static dev.heddle.catalog.FieldType.DOUBLE;
import static dev.heddle.catalog.FieldType.GEO_POINT;
import static dev.heddle.catalog.FieldType.KEYWORD;
import static dev.heddle.catalog.FieldType.LONG;
import static dev.heddle.catalog.FieldType.TEXT;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.shard.TextScoring.ScoredQuery;
import java.util.List;
import org.apache.lucene.document.LatLonDocValuesField;
import org.apache.lucene.document.LatLonPoint;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.FieldExistsQuery;
import org.apache.lucene.search.IndexOrDocValuesQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;

/**
 * Turns one query of a function into Lucene's, checked against the schema. Only text scores by more
 * than a constant, and only where the query scores at all. For one query.
 */
final class QueryTranslation {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_CLAUSES = 512;

  private final SchemaFields fields;
  private final TextClauses text;
  private final ValueClauses values;
  private final StatisticsNeeds needs;
  private double ceiling;
  private int clauses;

  private QueryTranslation(SchemaFields fields, StatisticsSnapshot statistics) {
    this.fields = fields;
    this.needs = new StatisticsNeeds(statistics);
    this.text = new TextClauses(fields, needs);
    this.values = new ValueClauses();
  }

  /**
   * @throws BadRequestException if the query makes no sense for the schema
   */
  static TranslatedQuery translate(
      Query query, SchemaFields fields, StatisticsSnapshot statistics) {
    QueryTranslation translation = new QueryTranslation(fields, statistics);
    org.apache.lucene.search.Query translated;
    try {
      translated = translation.clause(query, true, 0);
    } catch (IndexSearcher.TooManyClauses e) {
      throw tooLarge(e);
    }
    return new TranslatedQuery(
        translated,
        translation.ceiling,
        translation.needs.missingTerms(),
        translation.needs.missingFields());
  }

  /** Analysed, a query may be much larger than it looks. */
  static BadRequestException tooLarge(IndexSearcher.TooManyClauses e) {
    BadRequestException tooLarge =
        new BadRequestException(
            "query: too many terms and fields (expected: at most %d together)"
                .formatted(IndexSearcher.getMaxClauseCount()));
    tooLarge.initCause(e);
    return tooLarge;
  }

  private org.apache.lucene.search.Query clause(Query query, boolean scored, int depth) {
    if (depth > MAX_DEPTH) {
      throw new BadRequestException("query: nested deeper (expected: at most " + MAX_DEPTH + ")");
    }
    if (++clauses > MAX_CLAUSES) {
      throw new BadRequestException("query: more clauses (expected: at most " + MAX_CLAUSES + ")");
    }
    return switch (query) {
      case Query.All all -> MatchAllDocsQuery.INSTANCE;
      case Query.Match match -> counted(text.match(match, scored));
      case Query.Phrase phrase -> counted(text.phrase(phrase, scored));
      case Query.Prefix prefix -> text.prefix(prefix);
      case Query.Term term -> term(term, scored);
      case Query.Range range -> values.range(rangeField(range.field()), range);
      case Query.Exists exists -> exists(exists.field());
      case Query.GeoDistance near -> near(near);
      case Query.Bool bool -> bool(bool, scored, depth);
    };
  }

  private org.apache.lucene.search.Query counted(ScoredQuery scored) {
    ceiling += scored.ceiling();
    return scored.query();
  }

  private org.apache.lucene.search.Query term(Query.Term term, boolean scored) {
    Field field = fields.field(term.field(), KEYWORD, LONG, DOUBLE, DATE, TEXT);
    return field.type() == TEXT
        ? counted(text.term(field, term.value(), scored))
        : values.term(field, term.value());
  }

  private Field rangeField(String name) {
    return fields.field(name, KEYWORD, LONG, DOUBLE, DATE);
  }

  private org.apache.lucene.search.Query exists(String name) {
    Field field = fields.field(name, TEXT, KEYWORD, LONG, DOUBLE, DATE, GEO_POINT);
    return new FieldExistsQuery(field.name());
  }

  private org.apache.lucene.search.Query near(Query.GeoDistance near) {
    String field = fields.field(near.field(), FieldType.GEO_POINT).name();
    return new ConstantScoreQuery(
        new IndexOrDocValuesQuery(
            LatLonPoint.newDistanceQuery(field, near.lat(), near.lon(), near.meters()),
            LatLonDocValuesField.newSlowDistanceQuery(
                field, near.lat(), near.lon(), near.meters())));
  }

  private org.apache.lucene.search.Query bool(Query.Bool bool, boolean scored, int depth) {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    add(query, bool.must(), scored ? Occur.MUST : Occur.FILTER, scored, depth);
    add(query, bool.should(), Occur.SHOULD, scored, depth);
    add(query, bool.filter(), Occur.FILTER, false, depth);
    if (bool.must().isEmpty() && bool.should().isEmpty() && bool.filter().isEmpty()) {
      query.add(MatchAllDocsQuery.INSTANCE, Occur.MUST);
    }
    add(query, bool.mustNot(), Occur.MUST_NOT, false, depth);
    return query.build();
  }

  private void add(
      BooleanQuery.Builder query, List<Query> parts, Occur occur, boolean scored, int depth) {
    for (Query part : parts) {
      query.add(clause(part, scored, depth + 1), occur);
    }
  }
}
