package dev.heddle.aggregations;

import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import java.util.ArrayList;
import java.util.List;

/** Makes the tallies of one shard, and checks that the fields can do what is asked of them. */
final class Tallies {
  /** Buckets of all outer buckets together, for one shard. */
  private static final int MAX_INNER_BUCKETS = 1 << 18;

  /** Tiles that a shard counts before the best are kept. */
  private static final int MAX_TILES = 1 << 20;

  private final Shard shard;

  Tallies(Shard shard) {
    this.shard = shard;
  }

  /** Of an aggregation over all matches. */
  Tally outermost(NamedAggregation named) {
    var path = "aggs." + named.name();
    return switch (named.aggregation()) {
      case Aggregation.Terms terms -> terms(path, terms, named);
      case Aggregation.Ranges ranges when named.inner().isEmpty() ->
          new RangesCounter(ranges.field(), isDouble(path, ranges), bounds(path, ranges));
      case Aggregation.GeoGrid grid -> geoGrid(path, grid, named);
      case Aggregation.Ranges ranges ->
          new KeyedTally(
              path,
              rangeKeys(path, ranges),
              inner(path, named),
              ranges.buckets().size(),
              ranges.buckets().size());
      case Aggregation.Histogram histogram ->
          new KeyedTally(
              path,
              histogramKeys(path, histogram),
              inner(path, named),
              0,
              BucketLimits.most(named));
      case Aggregation.DateHistogram histogram ->
          new KeyedTally(
              path, dateKeys(path, histogram), inner(path, named), 0, BucketLimits.most(named));
      case Aggregation.Cardinality cardinality -> figure(path, cardinality);
      case Aggregation.Quantiles quantiles -> figure(path, quantiles);
      case Aggregation.Stats stats -> figure(path, stats);
      case Aggregation.TopHits hits -> topHits(path, hits);
    };
  }

  private Tally terms(String path, Aggregation.Terms terms, NamedAggregation named) {
    FieldKinds.expect(path, shard, terms.field(), FieldKind.KEYWORD);
    var counter = new TermsCounter(terms.field(), BucketLimits.ofSegment(terms.size()));
    return named.inner().isEmpty()
        ? counter
        : new DeferredTally(
            shard,
            terms.field(),
            counter,
            BucketLimits.ofLeaf(named),
            () -> new TermKeys(terms.field()),
            inner(path, named));
  }

  private Tally geoGrid(String path, Aggregation.GeoGrid grid, NamedAggregation named) {
    FieldKinds.expect(path, shard, grid.field(), FieldKind.GEO_POINT);
    var keys = new GeoKeys(grid.field(), grid.zoom());
    var counted = new KeyedTally(path, keys, new Tally[0], 0, MAX_TILES);
    return named.inner().isEmpty()
        ? new CutTally(counted, BucketLimits.ofSegment(grid.size()))
        : new DeferredTally(
            shard,
            grid.field(),
            counted,
            BucketLimits.ofLeaf(named),
            () -> new GeoKeys(grid.field(), grid.zoom()),
            inner(path, named));
  }

  private Tally[] inner(String outer, NamedAggregation around) {
    var tallies = new Tally[around.inner().size()];
    for (int i = 0; i < tallies.length; i++) {
      var named = around.inner().get(i);
      tallies[i] = inner(outer + ".aggs." + named.name(), named.aggregation());
    }
    return tallies;
  }

  private Tally inner(String path, Aggregation aggregation) {
    return switch (aggregation) {
      case Aggregation.Terms terms -> {
        FieldKinds.expect(path, shard, terms.field(), FieldKind.KEYWORD);
        yield new NestedTermsTally(
            path, terms.field(), BucketLimits.inner(terms.size()), MAX_INNER_BUCKETS);
      }
      case Aggregation.GeoGrid grid -> {
        FieldKinds.expect(path, shard, grid.field(), FieldKind.GEO_POINT);
        yield new CutTally(
            nested(path, new GeoKeys(grid.field(), grid.zoom()), 0),
            BucketLimits.inner(grid.size()));
      }
      case Aggregation.Ranges ranges ->
          nested(path, rangeKeys(path, ranges), ranges.buckets().size());
      case Aggregation.Histogram histogram -> nested(path, histogramKeys(path, histogram), 0);
      case Aggregation.DateHistogram histogram -> nested(path, dateKeys(path, histogram), 0);
      case Aggregation.Cardinality cardinality -> figure(path, cardinality);
      case Aggregation.Quantiles quantiles -> figure(path, quantiles);
      case Aggregation.Stats stats -> figure(path, stats);
      case Aggregation.TopHits hits -> topHits(path, hits);
    };
  }

  private static KeyedTally nested(String path, BucketKeys keys, int fixed) {
    return new KeyedTally(path, keys, new Tally[0], fixed, MAX_INNER_BUCKETS);
  }

  private boolean isDouble(String path, Aggregation.Ranges ranges) {
    return FieldKinds.expectNumber(path, shard, ranges.field()) == FieldKind.DOUBLE;
  }

  private RangeBounds bounds(String path, Aggregation.Ranges ranges) {
    return RangeBounds.of(path, ranges, FieldKinds.expectNumber(path, shard, ranges.field()));
  }

  private BucketKeys rangeKeys(String path, Aggregation.Ranges ranges) {
    return new RangeKeys(ranges.field(), isDouble(path, ranges), bounds(path, ranges));
  }

  private BucketKeys histogramKeys(String path, Aggregation.Histogram histogram) {
    var field = histogram.field();
    return FieldKinds.expect(path, shard, field, FieldKind.LONG, FieldKind.DOUBLE) == FieldKind.LONG
        ? NumberKeys.longs(field, Steps.ofLongs(path, histogram))
        : NumberKeys.doubles(field, Steps.ofDoubles(path, histogram));
  }

  private BucketKeys dateKeys(String path, Aggregation.DateHistogram histogram) {
    FieldKinds.expect(path, shard, histogram.field(), FieldKind.DATE);
    return NumberKeys.longs(histogram.field(), Steps.ofDates(histogram));
  }

  private Tally figure(String path, Aggregation.Cardinality cardinality) {
    var field = cardinality.field();
    var kind =
        FieldKinds.expect(
            path,
            shard,
            field,
            FieldKind.KEYWORD,
            FieldKind.LONG,
            FieldKind.DOUBLE,
            FieldKind.DATE);
    return new CardinalityTally(field, kind, CardinalityPartial.lgK(cardinality.error()));
  }

  private Tally figure(String path, Aggregation.Quantiles quantiles) {
    var kind = FieldKinds.expectNumber(path, shard, quantiles.field());
    return new QuantilesTally(
        quantiles.field(), ValueKind.of(kind), QuantilesPartial.k(quantiles.error()));
  }

  private Tally figure(String path, Aggregation.Stats stats) {
    var kind = FieldKinds.expectNumber(path, shard, stats.field());
    return new StatsTally(stats.field(), ValueKind.of(kind));
  }

  private Tally topHits(String path, Aggregation.TopHits hits) {
    List<ValueKind> kinds = new ArrayList<>();
    for (var key : hits.sort()) {
      kinds.add(
          key.field().equals(Sort.SCORE)
              ? ValueKind.NONE
              : ValueKind.of(FieldKinds.expectNumber(path + ".sort", shard, key.field())));
    }
    for (var field : hits.fields()) {
      shard.kind(field);
    }
    return new TopHitsTally(shard, hits.size(), hits.sort(), kinds);
  }
}
