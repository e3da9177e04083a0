package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads answers as they come over HTTP. Stateless. */
final class AnswerJson {
  private static final JsonMapper JSON = JsonMapper.shared();

  private AnswerJson() {}

  /** Of a Heddle gateway. */
  static Found heddle(byte[] body) {
    var json = JSON.readTree(body);
    var hits = new ArrayList<Hit>();
    for (var hit : json.path("hits")) {
      hits.add(new Hit(hit.path("id").asString(""), (float) hit.path("score").asDouble(0)));
    }
    var total = json.path("total");
    var coverage = json.path("coverage");
    boolean whole =
        coverage.path("seen").asLong(-1) == coverage.path("target").asLong(-2)
            && coverage.path("missing").isEmpty();
    return new Found(
        total.path("value").asLong(-1),
        total.path("relation").asString("").equals("eq"),
        hits,
        buckets(json.path("aggs").path("t").path("buckets"), "count"),
        whole ? "" : "coverage: " + coverage);
  }

  /** Of OpenSearch. */
  static Found openSearch(byte[] body) {
    var json = JSON.readTree(body);
    var hits = new ArrayList<Hit>();
    for (var hit : json.path("hits").path("hits")) {
      hits.add(new Hit(hit.path("_id").asString(""), (float) hit.path("_score").asDouble(0)));
    }
    var total = json.path("hits").path("total");
    boolean whole =
        !json.path("timed_out").asBoolean(true)
            && json.path("_shards").path("failed").asInt(-1) == 0;
    return new Found(
        total.path("value").asLong(-1),
        total.path("relation").asString("").equals("eq"),
        hits,
        buckets(json.path("aggregations").path("t").path("buckets"), "doc_count"),
        whole ? "" : "shards: " + json.path("_shards"));
  }

  private static Map<String, Long> buckets(JsonNode array, String count) {
    var buckets = new LinkedHashMap<String, Long>();
    for (var bucket : array) {
      buckets.put(bucket.path("key").asString(""), bucket.path(count).asLong(-1));
    }
    return buckets;
  }
}
