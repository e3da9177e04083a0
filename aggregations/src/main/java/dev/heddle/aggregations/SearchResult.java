package dev.heddle.aggregations;

import dev.heddle.function.JsonObject;
import dev.heddle.function.Shard.TopDocument;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@link SearchFunction}.
 *
 * @param hits best first
 * @param total how many documents match
 * @param exact whether the total is exact; else at least so many match. Never where shards are
 *     missing
 * @param aggs by name, in the order of the request
 */
public record SearchResult(
    List<SearchHit> hits, long total, boolean exact, Map<String, AggregationResult> aggs) {
  public SearchResult {
    hits = List.copyOf(hits);
    aggs = Collections.unmodifiableMap(new LinkedHashMap<>(aggs));
  }

  /**
   * The answer as plain JSON values, in the shape of the HTTP edge.
   *
   * @param parse reads a stored document
   */
  public JsonObject toJson(Function<byte[], JsonObject> parse) {
    var hitValues = new ArrayList<JsonObject>(hits.size());
    for (var hit : hits) {
      hitValues.add(toJson(hit, parse));
    }
    var aggValues = new LinkedHashMap<String, JsonObject>();
    aggs.forEach((name, result) -> aggValues.put(name, toJson(result)));
    var json = new LinkedHashMap<String, Object>();
    json.put("hits", hitValues);
    json.put("total", Map.of("value", total, "relation", exact ? "equal" : "atLeast"));
    json.put("aggs", aggValues);
    return JsonObject.of(json);
  }

  private static JsonObject toJson(SearchHit hit, Function<byte[], JsonObject> parse) {
    var json = new LinkedHashMap<String, @Nullable Object>();
    json.put("id", hit.id());
    json.put("score", Float.isNaN(hit.score()) ? null : (double) hit.score());
    json.put("shard", hit.shard());
    json.put("fields", parse.apply(hit.json()));
    json.put("highlights", hit.highlights());
    if (!hit.sortValues().isEmpty()) {
      var values = new ArrayList<@Nullable Object>(hit.sortValues().size());
      for (var value : hit.sortValues()) {
        values.add(TopDocument.MISSING.equals(value) ? null : value);
      }
      json.put("sortValues", values);
    }
    return JsonObject.of(json);
  }

  private static JsonObject toJson(AggregationResult result) {
    var buckets = new ArrayList<JsonObject>(result.buckets().size());
    for (var bucket : result.buckets()) {
      buckets.add(JsonObject.of(Map.of("key", bucket.key(), "count", bucket.count())));
    }
    var json = new LinkedHashMap<String, Object>();
    json.put("buckets", buckets);
    json.put("other", result.other());
    json.put("errorBound", result.errorBound());
    return JsonObject.of(json);
  }
}
