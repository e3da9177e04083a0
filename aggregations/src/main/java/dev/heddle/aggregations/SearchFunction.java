package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The best k documents, how many match, and aggregations over all matches; in one pass over each
 * shard. It runs where a query names no function.
 *
 * <p>Merging never drops a count, so it is associative and commutative; what is too much to send is
 * cut once a leaf, in {@link #complete}, after its shards have been merged.
 */
public final class SearchFunction implements ScatterFunction<SearchQuery, SearchPartial> {
  /** Terms that a segment counts exactly at any rate. */
  private static final int MIN_SEGMENT_TERMS = 4_096;

  /** Terms that a leaf sends at any rate. */
  private static final int MIN_LEAF_TERMS = 256;

  private @Nullable SearchQuery prepared;
  private HitOrder order = new HitOrder(List.of());

  @Override
  public SearchQuery prepare(ScatterRequest request) {
    var query = SearchQuery.of(request);
    order = new HitOrder(query.sort());
    prepared = query;
    return query;
  }

  private SearchQuery prepared() {
    var query = prepared;
    if (query == null) {
      throw new IllegalStateException("not prepared");
    }
    return query;
  }

  @Override
  public SearchPartial leaf(SearchQuery query, Shard shard) {
    check(query, shard);
    var aggs = query.aggs();
    var counters = new Shard.Collector[aggs.size()];
    for (int i = 0; i < counters.length; i++) {
      counters[i] = counter(aggs.get(i), shard);
    }
    var top = shard.search(query.query(), query.sort(), query.k(), query.countUpTo(), counters);
    var hits = new Hit[top.documents().size()];
    for (int i = 0; i < hits.length; i++) {
      hits[i] = Hit.of(top.documents().get(i), shard);
    }
    var partials = new ArrayList<AggregationPartial>(counters.length);
    for (var counter : counters) {
      partials.add(
          counter instanceof TermsCounter terms
              ? terms.partial()
              : ((RangesCounter) counter).partial());
    }
    return new SearchPartial(hits, top.total(), top.exact(), partials);
  }

  private static void check(SearchQuery query, Shard shard) {
    for (var field : query.fields()) {
      shard.kind(field);
    }
    for (var key : query.sort()) {
      if (!key.field().equals(Sort.SCORE)) {
        expect(
            "sort",
            shard,
            key.field(),
            FieldKind.KEYWORD,
            FieldKind.LONG,
            FieldKind.DOUBLE,
            FieldKind.DATE);
      }
    }
    if (query.highlight().isPresent()) {
      for (var field : query.highlight().get()) {
        expect("highlight", shard, field, FieldKind.TEXT);
      }
    }
  }

  private static FieldKind expect(String what, Shard shard, String field, FieldKind... kinds) {
    var kind = shard.kind(field);
    var expected = new ArrayList<String>(kinds.length);
    for (var candidate : kinds) {
      if (kind == candidate) {
        return kind;
      }
      expected.add(word(candidate));
    }
    throw new BadRequestException(
        "%s: %s is a %s field (expected: %s)"
            .formatted(what, field, word(kind), String.join(", ", expected)));
  }

  private static String word(FieldKind kind) {
    return kind == FieldKind.GEO_POINT ? "geoPoint" : kind.name().toLowerCase(Locale.ROOT);
  }

  private static Shard.Collector counter(SearchQuery.NamedAggregation named, Shard shard) {
    var path = "aggs." + named.name();
    return switch (named.aggregation()) {
      case Aggregation.Terms terms -> {
        expect(path, shard, terms.field(), FieldKind.KEYWORD);
        yield new TermsCounter(terms.field(), Math.max(MIN_SEGMENT_TERMS, terms.size() * 8));
      }
      case Aggregation.Ranges ranges -> {
        var kind =
            expect(path, shard, ranges.field(), FieldKind.LONG, FieldKind.DOUBLE, FieldKind.DATE);
        yield new RangesCounter(
            ranges.field(), kind == FieldKind.DOUBLE, RangeBounds.of(named.name(), ranges, kind));
      }
    };
  }

  @Override
  public SearchPartial merge(SearchPartial a, SearchPartial b) {
    var hits = order.merge(a.hits, b.hits, prepared().k());
    var aggs = a.aggs;
    if (!aggs.isEmpty()) {
      aggs = new ArrayList<>(a.aggs.size());
      for (int i = 0; i < a.aggs.size(); i++) {
        aggs.add(AggregationPartial.merge(a.aggs.get(i), b.aggs.get(i)));
      }
    }
    return new SearchPartial(hits, a.total + b.total, a.exact && b.exact, aggs);
  }

  @Override
  public SearchPartial complete(SearchQuery query, SearchPartial partial) {
    fetch(query, partial.hits);
    var aggs = new ArrayList<AggregationPartial>(partial.aggs.size());
    for (int i = 0; i < partial.aggs.size(); i++) {
      aggs.add(
          partial.aggs.get(i) instanceof TermsPartial counted
                  && query.aggs().get(i).aggregation() instanceof Aggregation.Terms terms
              ? counted.cut(Math.max(MIN_LEAF_TERMS, terms.size() * 3 + 10))
              : partial.aggs.get(i));
    }
    return new SearchPartial(partial.hits, partial.total, partial.exact, aggs);
  }

  private static void fetch(SearchQuery query, Hit[] hits) {
    var byPlace = hits.clone();
    Arrays.sort(byPlace, Hit::byPlace);
    List<String> highlighted = null;
    for (var hit : byPlace) {
      var shard = hit.origin();
      if (shard == null) {
        continue;
      }
      if (highlighted == null) {
        highlighted = Highlighted.fields(query, shard);
      }
      hit.fetch(query, highlighted);
    }
  }

  @Override
  public SearchResult finish(
      SearchQuery query, @Nullable SearchPartial partial, Coverage coverage) {
    if (partial == null) {
      return new SearchResult(List.of(), 0, coverage.complete(), emptyAggs(query));
    }
    var hits = new ArrayList<SearchHit>(partial.hits.length);
    for (var hit : partial.hits) {
      hits.add(hit.result());
    }
    var aggs = new LinkedHashMap<String, AggregationResult>();
    for (int i = 0; i < partial.aggs.size(); i++) {
      var named = query.aggs().get(i);
      aggs.put(named.name(), result(named.aggregation(), partial.aggs.get(i)));
    }
    return new SearchResult(hits, partial.total, partial.exact && coverage.complete(), aggs);
  }

  private static Map<String, AggregationResult> emptyAggs(SearchQuery query) {
    var aggs = new LinkedHashMap<String, AggregationResult>();
    for (var named : query.aggs()) {
      var empty =
          switch (named.aggregation()) {
            case Aggregation.Terms terms -> TermsPartial.NONE;
            case Aggregation.Ranges ranges -> new RangesPartial(new long[ranges.buckets().size()]);
          };
      aggs.put(named.name(), result(named.aggregation(), empty));
    }
    return aggs;
  }

  private static AggregationResult result(Aggregation aggregation, AggregationPartial partial) {
    return switch (partial) {
      case TermsPartial counted when aggregation instanceof Aggregation.Terms terms ->
          counted.result(terms.size());
      case RangesPartial counted when aggregation instanceof Aggregation.Ranges ranges ->
          counted.result(ranges);
      case TermsPartial other -> throw new IllegalArgumentException(aggregation.toString());
      case RangesPartial other -> throw new IllegalArgumentException(aggregation.toString());
    };
  }

  @Override
  public Codec<SearchPartial> codec() {
    return new SearchCodec(prepared());
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }
}
