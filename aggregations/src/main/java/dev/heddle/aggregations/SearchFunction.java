package dev.heddle.aggregations;

import dev.heddle.function.Bound;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Shard.TopDocuments;
import dev.heddle.function.ShardSummary;
import dev.heddle.function.Sort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The best k documents, how many match, and aggregations over all matches; in one pass over each
 * shard. It runs where a query names no function.
 *
 * <p>Merging never drops a count, so it is associative and commutative; what is too much to send is
 * cut once a leaf, in {@link #complete}, after its shards have been merged.
 */
public final class SearchFunction implements ScatterFunction<SearchQuery, SearchPartial> {
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
    return leaf(query, shard, collectors -> search(query, shard, collectors));
  }

  private static TopDocuments search(SearchQuery query, Shard shard, Shard.Collector[] collectors) {
    return shard.search(query.query(), query.sort(), query.k(), query.countUpTo(), collectors);
  }

  @Override
  public SearchPartial leaf(SearchQuery query, Shard shard, Bound bound) {
    return bound.equals(Bound.NONE) ? leaf(query, shard) : leaf(query, shard, () -> bound);
  }

  @Override
  public SearchPartial leaf(SearchQuery query, Shard shard, RisingBound bound) {
    if (!bounded(query)) {
      return leaf(query, shard);
    }
    check(query, shard);
    return leaf(
        query,
        shard,
        collectors -> shard.search(query.query(), query.k(), query.countUpTo(), bound));
  }

  private static SearchPartial leaf(
      SearchQuery query, Shard shard, Function<Shard.Collector[], TopDocuments> search) {
    var tallies = new Tallies(shard);
    var collectors = new TallyCollector[query.aggs().size()];
    for (int i = 0; i < collectors.length; i++) {
      collectors[i] = new TallyCollector(tallies.outermost(query.aggs().get(i)));
    }
    var top = search.apply(collectors);
    var hits = new Hit[top.documents().size()];
    for (int i = 0; i < hits.length; i++) {
      hits[i] = Hit.of(top.documents().get(i), shard);
    }
    var partials = new ArrayList<AggregationPartial>(collectors.length);
    for (var collector : collectors) {
      partials.add(collector.partial());
    }
    return new SearchPartial(hits, top.total(), top.exact(), partials);
  }

  @Override
  public boolean canMatch(SearchQuery query, ShardSummary summary) {
    return summary.mayMatch(query.query());
  }

  /** Whether only the best by score count, so that others need not be looked at. */
  private static boolean bounded(SearchQuery query) {
    return query.k() > 0 && query.sort().isEmpty() && query.aggs().isEmpty();
  }

  /** Not before the total may be inexact: it could not be counted any further. */
  @Override
  public Optional<Bound> bound(SearchQuery query, SearchPartial partial) {
    return bounded(query) && partial.hits.length == query.k() && partial.total > query.countUpTo()
        ? Optional.of(new Bound(partial.hits[query.k() - 1].score))
        : Optional.empty();
  }

  /** Not with aggregations: these are most of the work, and would be done twice. */
  @Override
  public boolean trims(SearchQuery query) {
    return query.k() > 0 && query.aggs().isEmpty();
  }

  /**
   * What comes after a hit that is not better than the k-th of all is not, either. Nothing comes
   * after all that there are.
   */
  @Override
  public boolean lacks(SearchQuery query, SearchPartial merged, SearchPartial trimmed, int k) {
    int hits = trimmed.hits.length;
    if (hits < k || (trimmed.exact && trimmed.total <= hits)) {
      return false;
    }
    return hits == 0
        || merged.hits.length < query.k()
        || order.compare(trimmed.hits[hits - 1], merged.hits[query.k() - 1]) < 0;
  }

  /** Up to the last hit of the trimmed one. */
  @Override
  public SearchPartial cut(SearchQuery query, SearchPartial merged, SearchPartial trimmed) {
    return cut(query, merged, trimmed, Bound.NONE);
  }

  @Override
  public SearchPartial cut(
      SearchQuery query, SearchPartial merged, SearchPartial trimmed, Bound heeded) {
    int held = 0;
    if (trimmed.hits.length > 0) {
      var last = trimmed.hits[trimmed.hits.length - 1];
      while (held < merged.hits.length
          && order.compare(merged.hits[held], last) <= 0
          && (heeded.equals(Bound.NONE) || merged.hits[held].score >= heeded.least())) {
        held++;
      }
    }
    return new SearchPartial(
        Arrays.copyOf(merged.hits, held), merged.total, merged.exact, merged.aggs);
  }

  private static void check(SearchQuery query, Shard shard) {
    for (var field : query.fields()) {
      shard.kind(field);
    }
    for (var key : query.sort()) {
      if (!key.field().equals(Sort.SCORE)) {
        FieldKinds.expect(
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
        FieldKinds.expect("highlight", shard, field, FieldKind.TEXT);
      }
    }
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
  public OptionalLong weight(SearchPartial partial) {
    return OptionalLong.of(partial.weight());
  }

  @Override
  public SearchPartial complete(SearchQuery query, SearchPartial partial) {
    Hit.fetch(partial.hits, query.fields(), query.query(), Highlighted.of(query));
    var aggs = new ArrayList<AggregationPartial>(partial.aggs.size());
    for (int i = 0; i < partial.aggs.size(); i++) {
      aggs.add(AggregationCompletion.complete(query, query.aggs().get(i), partial.aggs.get(i)));
    }
    return new SearchPartial(partial.hits, partial.total, partial.exact, aggs);
  }

  @Override
  public SearchResult finish(
      SearchQuery query, @Nullable SearchPartial partial, Coverage coverage) {
    if (partial == null) {
      return new SearchResult(List.of(), 0, coverage.complete(), results(query, null));
    }
    var hits = Stream.of(partial.hits).map(Hit::result).toList();
    return new SearchResult(
        hits, partial.total, partial.exact && coverage.complete(), results(query, partial));
  }

  private static Map<String, AggregationResult> results(
      SearchQuery query, @Nullable SearchPartial partial) {
    var aggs = new LinkedHashMap<String, AggregationResult>();
    for (int i = 0; i < query.aggs().size(); i++) {
      var named = query.aggs().get(i);
      aggs.put(
          named.name(),
          AggregationAnswer.of(
              named, partial == null ? AggregationPartial.empty(named) : partial.aggs.get(i)));
    }
    return aggs;
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
