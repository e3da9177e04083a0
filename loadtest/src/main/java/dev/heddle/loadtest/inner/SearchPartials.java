package dev.heddle.loadtest.inner;

import dev.heddle.aggregations.SearchFunction;
import dev.heddle.aggregations.SearchPartial;
import dev.heddle.aggregations.SearchQuery;
import dev.heddle.function.Aggregation;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The built-in search over synthetic shards, as far as a coordinator sees it. */
final class SearchPartials {
  private static final long SEED = 20_260_101;

  private final SearchFunction function = new SearchFunction();
  private final SearchQuery query;
  private final int terms;

  /**
   * @param k hits in each partial
   * @param terms different values that each partial counts; 0: no aggregation
   */
  SearchPartials(int k, int terms) {
    this.terms = terms;
    var aggs =
        terms == 0
            ? Map.<String, Aggregation>of()
            : Map.<String, Aggregation>of(
                "topics", new Aggregation.Terms(SyntheticShard.KEYWORD, 10));
    this.query =
        function.prepare(
            new ScatterRequest(
                new Query.Match("suspension bridge", List.of(), false),
                k,
                List.of(),
                List.of(),
                aggs,
                Optional.empty(),
                1_000,
                JsonObject.EMPTY));
  }

  /** What a leaf with one shard answers. */
  SearchPartial leaf(int shard) {
    var partial = function.leaf(query, new SyntheticShard(shard, Math.max(1, terms), SEED));
    return function.complete(query, partial);
  }

  SearchPartial merge(SearchPartial a, SearchPartial b) {
    return function.merge(a, b);
  }

  byte[] encode(SearchPartial partial) {
    var bytes = new ByteArrayOutputStream(8_192);
    try {
      function.codec().write(partial, new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  SearchPartial decode(byte[] bytes) {
    try {
      return function.codec().read(new DataInputStream(new ByteArrayInputStream(bytes)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
