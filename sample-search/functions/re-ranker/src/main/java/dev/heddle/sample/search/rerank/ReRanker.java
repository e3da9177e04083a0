package dev.heddle.sample.search.rerank;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A second look at the best matches of a query: their score, raised by a number that each holds.
 * The candidates are those of the whole dataset, so the answer does not depend on the shards.
 */
public final class ReRanker implements ScatterFunction<RankQuery, RankPartial> {
  @Override
  public RankQuery prepare(ScatterRequest request) {
    return RankQuery.of(request);
  }

  @Override
  public RankPartial leaf(RankQuery query, Shard shard) {
    var kind = shard.kind(query.field());
    var top = shard.search(query.query(), List.of(), query.depth(), 0).documents();
    var found = new ArrayList<RankPartial.Found>();
    for (var segment : shard.segments()) {
      var numbers = numbers(kind, segment, query.field());
      top.stream()
          .filter(hit ->
              hit.document() >= segment.base() && hit.document() < segment.base() + segment.size())
          .sorted(Comparator.comparingInt(Shard.TopDocument::document))
          .forEach(hit ->
              found.add(
                  new RankPartial.Found(
                      hit.id(),
                      hit.score(),
                      Math.max(0, numbers.of(hit.document() - segment.base())))));
    }
    return RankPartial.of(query.depth(), found);
  }

  /** The first number of a document; 0 where it has none. */
  private interface Numbers {
    double of(int document);
  }

  private static Numbers numbers(Shard.FieldKind kind, Shard.Segment segment, String field) {
    return switch (kind) {
      case DOUBLE -> {
        var values = segment.doubles(field);
        yield document -> values.advance(document) ? values.next() : 0;
      }
      case LONG, DATE -> {
        var values = segment.longs(field);
        yield document -> values.advance(document) ? values.next() : 0;
      }
      case TEXT, KEYWORD, GEO_POINT, STORED ->
          throw new BadRequestException(
              "field: " + field + " is " + kind + " (expected: a long, date or double field)");
    };
  }

  @Override
  public RankPartial merge(RankPartial a, RankPartial b) {
    return a.plus(b);
  }

  @Override
  public Object finish(RankQuery query, @Nullable RankPartial partial, Coverage coverage) {
    var ranked = new ArrayList<Ranked>();
    if (partial != null) {
      for (var found : partial.best()) {
        ranked.add(new Ranked(found.id(), query.score(found.base(), found.number()), found.base()));
      }
    }
    ranked.sort(Comparator.comparingDouble(Ranked::score).reversed().thenComparing(Ranked::id));
    return Map.of("hits", ranked.stream().limit(query.k()).map(Ranked::json).toList());
  }

  @Override
  public Codec<RankPartial> codec() {
    return RankPartial.CODEC;
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }

  /** One line of the answer. */
  private record Ranked(String id, double score, double base) {
    Map<String, Object> json() {
      return Map.of("id", id, "score", score, "base", base);
    }
  }
}
