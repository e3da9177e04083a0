package dev.heddle.loadtest.inner;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Aggregation;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.v1.QueryRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Requests of several sizes, and their way to and from the bytes of the wire. */
final class SampleRequestsWire {
  private SampleRequestsWire() {}

  /** A text, as most people type it. */
  static ScatterRequest text() {
    return request(new Query.Match("suspension bridge", List.of(), false), List.of(), Map.of());
  }

  /** What a page with filters, facets and an order asks. */
  static ScatterRequest page() {
    var filter =
        new Query.Bool(
            List.of(),
            List.of(),
            List.of(new Query.Term("type", "Event")),
            List.of(
                new Query.Term("type", "Place"),
                new Query.Range("population", 10_000L, null, null, 1_000_000L),
                new Query.GeoDistance("location", 52.5, 13.4, 250_000)));
    var aggs = new LinkedHashMap<String, Aggregation>();
    aggs.put("decade", new Aggregation.Terms("decade", 20));
    aggs.put(
        "population",
        new Aggregation.Ranges(
            "population",
            List.of(
                new Aggregation.Ranges.Bucket("small", null, 10_000L),
                new Aggregation.Ranges.Bucket("middle", 10_000L, 1_000_000L),
                new Aggregation.Ranges.Bucket("large", 1_000_000L, null))));
    return request(
        Query.filtered(new Query.Phrase("title", "old town", 1), filter),
        List.of(new Sort("rank", true), new Sort(Sort.SCORE, true)),
        aggs);
  }

  private static ScatterRequest request(
      Query query, List<Sort> sort, Map<String, Aggregation> aggs) {
    return new ScatterRequest(
        query,
        10,
        List.of("title", "abstract", "type"),
        sort,
        aggs,
        Optional.of(List.of("title", "abstract")),
        1_000,
        JsonObject.EMPTY);
  }

  static byte[] write(ScatterRequest request) {
    return QueryWire.request(request).toByteArray();
  }

  static ScatterRequest read(byte[] bytes) {
    try {
      return QueryWire.request(QueryRequest.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("bytes: no request (expected: one written here)", e);
    }
  }
}
