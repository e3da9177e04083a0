package dev.heddle.engine.wasm;

import dev.heddle.engine.JsonValues;
import dev.heddle.function.Coverage;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a scatter function is told, as JSON: the request, and the coverage of an answer. */
final class GuestRequest {
  private GuestRequest() {}

  /** {@code {query, k, fields, sort, highlight, countUpTo, args}}; the query always as a clause. */
  static byte[] of(ScatterRequest request) {
    var json = new LinkedHashMap<String, Object>();
    json.put("query", ClauseJson.write(request.query()));
    json.put("k", (long) request.k());
    json.put("fields", request.fields());
    json.put("sort", request.sort().stream().map(GuestRequest::sort).toList());
    request.highlight().ifPresent(fields -> json.put("highlight", fields));
    json.put("countUpTo", request.countUpTo());
    json.put("args", request.args());
    return JsonValues.write(json, JsonValues.MAX_SIZE);
  }

  private static Map<String, Object> sort(Sort sort) {
    return Map.of("field", sort.field(), "order", sort.descending() ? "desc" : "asc");
  }

  /** {@code {seen, active, target, ratio, answered, skipped, total, missing}}. */
  static byte[] of(Coverage coverage) {
    var json = new LinkedHashMap<String, Object>();
    json.put("seen", coverage.seen());
    json.put("active", coverage.active());
    json.put("target", coverage.target());
    json.put("ratio", coverage.ratio());
    json.put("answered", (long) coverage.answered());
    json.put("skipped", (long) coverage.skipped());
    json.put("total", (long) coverage.total());
    json.put("missing", coverage.missing().stream().map(GuestRequest::missing).toList());
    return JsonValues.write(json, JsonValues.MAX_SIZE);
  }

  private static Map<String, Object> missing(Coverage.Missing missing) {
    return Map.of(
        "shard", (long) missing.shard(), "reason", missing.reason(), "message", missing.message());
  }
}
