package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.SortedNumericDocValuesField;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.FieldExistsQuery;
import org.apache.lucene.search.IndexOrDocValuesQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TermRangeQuery;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.NumericUtils;
import org.jspecify.annotations.Nullable;

/** Clauses on keywords, numbers and dates: exact values and ranges, each with score 1. */
final class ValueClauses {
  org.apache.lucene.search.Query term(Field field, Object value) {
    String name = field.name();
    return switch (field.type()) {
      case KEYWORD ->
          new ConstantScoreQuery(new TermQuery(new Term(name, QueryValues.keyword(name, value))));
      case LONG -> {
        long number = QueryValues.exactLong(name, value);
        yield longs(name, number, number);
      }
      case DOUBLE -> {
        double number = QueryValues.number(name, value);
        yield doubles(name, number, number);
      }
      case DATE -> {
        Dates.Span span = QueryValues.date(name, value);
        yield longs(name, span.first(), span.last());
      }
      case TEXT, GEO_POINT, STORED -> throw unfit(field);
    };
  }

  org.apache.lucene.search.Query range(Field field, Query.Range range) {
    return switch (field.type()) {
      case KEYWORD -> keywords(field.name(), range);
      case LONG -> longs(field.name(), range);
      case DOUBLE -> doubles(field.name(), range);
      case DATE -> dates(field.name(), range);
      case TEXT, GEO_POINT, STORED -> throw unfit(field);
    };
  }

  private static BadRequestException unfit(Field field) {
    return new BadRequestException(
        "field: %s is %s (expected: keyword, long, double or date)"
            .formatted(field.name(), SchemaFields.text(field.type())));
  }

  private static org.apache.lucene.search.Query keywords(String field, Query.Range range) {
    Object low = range.gte() != null ? range.gte() : range.gt();
    Object high = range.lte() != null ? range.lte() : range.lt();
    if (low == null && high == null) {
      return new FieldExistsQuery(field);
    }
    return new TermRangeQuery(
        field, bytes(field, low), bytes(field, high), range.gt() == null, range.lt() == null);
  }

  private static @Nullable BytesRef bytes(String field, @Nullable Object bound) {
    return bound == null ? null : new BytesRef(QueryValues.keyword(field, bound));
  }

  private static org.apache.lucene.search.Query longs(String field, Query.Range range) {
    long low = Long.MIN_VALUE;
    long high = Long.MAX_VALUE;
    if (range.gte() != null) {
      low = QueryValues.atLeast(field, range.gte());
    } else if (range.gt() != null) {
      long bound = QueryValues.atMost(field, range.gt());
      if (bound == Long.MAX_VALUE) {
        return new MatchNoDocsQuery("beyond the largest long");
      }
      low = bound + 1;
    }
    if (range.lte() != null) {
      high = QueryValues.atMost(field, range.lte());
    } else if (range.lt() != null) {
      long bound = QueryValues.atLeast(field, range.lt());
      if (bound == Long.MIN_VALUE) {
        return new MatchNoDocsQuery("below the smallest long");
      }
      high = bound - 1;
    }
    return longs(field, low, high);
  }

  private static org.apache.lucene.search.Query dates(String field, Query.Range range) {
    long low = Long.MIN_VALUE;
    long high = Long.MAX_VALUE;
    if (range.gte() != null) {
      low = QueryValues.date(field, range.gte()).first();
    } else if (range.gt() != null) {
      low = QueryValues.date(field, range.gt()).last() + 1;
    }
    if (range.lte() != null) {
      high = QueryValues.date(field, range.lte()).last();
    } else if (range.lt() != null) {
      high = QueryValues.date(field, range.lt()).first() - 1;
    }
    return longs(field, low, high);
  }

  private static org.apache.lucene.search.Query longs(String field, long low, long high) {
    if (low > high) {
      return new MatchNoDocsQuery("empty range");
    }
    return new IndexOrDocValuesQuery(
        LongPoint.newRangeQuery(field, low, high),
        SortedNumericDocValuesField.newSlowRangeQuery(field, low, high));
  }

  private static org.apache.lucene.search.Query doubles(String field, Query.Range range) {
    double low = Double.NEGATIVE_INFINITY;
    double high = Double.POSITIVE_INFINITY;
    if (range.gte() != null) {
      low = QueryValues.number(field, range.gte());
    } else if (range.gt() != null) {
      low = DoublePoint.nextUp(QueryValues.number(field, range.gt()));
    }
    if (range.lte() != null) {
      high = QueryValues.number(field, range.lte());
    } else if (range.lt() != null) {
      high = DoublePoint.nextDown(QueryValues.number(field, range.lt()));
    }
    return doubles(field, low, high);
  }

  private static org.apache.lucene.search.Query doubles(String field, double low, double high) {
    // Zero has two signs, which are one value to people and two to the index.
    double from = low == 0 ? -0.0 : low;
    double to = high == 0 ? 0.0 : high;
    if (from > to) {
      return new MatchNoDocsQuery("empty range");
    }
    return new IndexOrDocValuesQuery(
        DoublePoint.newRangeQuery(field, from, to),
        SortedNumericDocValuesField.newSlowRangeQuery(
            field, NumericUtils.doubleToSortableLong(from), NumericUtils.doubleToSortableLong(to)));
  }
}
