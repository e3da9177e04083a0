package dev.heddle.sample.search.heat;

import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a query's matches lie: how many in each cell of a grid over latitude and longitude. A
 * document with several points counts once for each. Exact, whatever the number of shards.
 */
public final class GeoHeatMap implements ScatterFunction<HeatQuery, HeatPartial> {
  @Override
  public HeatQuery prepare(ScatterRequest request) {
    return HeatQuery.of(request);
  }

  @Override
  public HeatPartial leaf(HeatQuery query, Shard shard) {
    var partial = new HeatPartial(new TreeMap<>());
    shard.forEach(
        query.query(),
        segment -> {
          var points = segment.points(query.field());
          return (document, score) -> {
            if (points.advance(document)) {
              count(query, points, partial);
            }
          };
        });
    return partial;
  }

  private static void count(HeatQuery query, Shard.GeoValues points, HeatPartial partial) {
    for (int i = points.count(); i > 0; i--) {
      points.next();
      partial.counts().merge(query.cell(points.latitude(), points.longitude()), 1L, Long::sum);
    }
  }

  @Override
  public HeatPartial merge(HeatPartial a, HeatPartial b) {
    return a.plus(b);
  }

  @Override
  public Object finish(HeatQuery query, @Nullable HeatPartial partial, Coverage coverage) {
    var counts = partial == null ? new TreeMap<Integer, Long>() : partial.counts();
    var fullest = new ArrayList<>(counts.entrySet());
    fullest.sort(Map.Entry.<Integer, Long>comparingByValue(Comparator.reverseOrder()));
    long total = counts.values().stream().mapToLong(Long::longValue).sum();
    var cells = fullest.stream().limit(query.size()).map(entry -> cell(query, entry)).toList();
    return Map.of("zoom", query.zoom(), "total", total, "cells", cells);
  }

  private static Map<String, Object> cell(HeatQuery query, Map.Entry<Integer, Long> entry) {
    int column = entry.getKey() & (1 << query.zoom()) - 1;
    return Map.of(
        "row", entry.getKey() >> query.zoom(), "column", column, "count", entry.getValue());
  }

  @Override
  public Codec<HeatPartial> codec() {
    return HeatPartial.CODEC;
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }
}
