package dev.heddle.engine;

import com.google.protobuf.ByteString;
import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Clause;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Requests and answers between {@code heddle.v1} and what functions see. Refuses with a
 * HeddleException that names the path, the value, and what was expected.
 */
public final class QueryWire {
  private static final int DEFAULT_K = 10;
  private static final long DEFAULT_COUNT_UP_TO = 1_000;

  private QueryWire() {}

  public static ScatterRequest request(QueryRequest request) {
    return request(request, QueryLimits.DEFAULTS);
  }

  /**
   * The request as scatter functions see it: checked in all that needs no schema, defaults filled
   * in, the filter folded into the query. Also checks what only the coordinator uses (read level,
   * least coverage, deadline).
   */
  public static ScatterRequest request(QueryRequest request, QueryLimits limits) {
    checkPlan(request);
    try {
      return new ScatterRequest(
          filteredQuery(request, limits),
          k(request),
          fields("fields", request.getFieldsList(), limits),
          sorts(request, limits),
          aggregations(request, limits),
          highlight(request, limits),
          countUpTo(request),
          args(request, limits));
    } catch (BadRequestException e) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
    }
  }

  private static void checkPlan(QueryRequest request) {
    if (!(request.getMinCoverage() >= 0 && request.getMinCoverage() <= 1)) {
      throw Refusals.outOfRange("minCoverage", request.getMinCoverage(), "0..1");
    }
    if (request.getDeadlineMicros() < 0) {
      throw Refusals.outOfRange("deadline", request.getDeadlineMicros() + "us", ">= 0us");
    }
    if (request.getRead() == ReadLevel.UNRECOGNIZED) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST,
          "read",
          request.getReadValue(),
          "one of any, session, linearizable");
    }
  }

  private static Query filteredQuery(QueryRequest request, QueryLimits limits) {
    var clauses = new ClauseWire(limits);
    Query query = request.hasQuery() ? clauses.read(request.getQuery(), "query") : new Query.All();
    return request.hasFilter()
        ? Query.filtered(query, clauses.read(request.getFilter(), "filter"))
        : query;
  }

  private static int k(QueryRequest request) {
    long k = request.hasK() ? Integer.toUnsignedLong(request.getK()) : DEFAULT_K;
    if (k > ScatterRequest.MAX_K) {
      throw Refusals.outOfRange("k", k, "0.." + ScatterRequest.MAX_K);
    }
    return (int) k;
  }

  private static long countUpTo(QueryRequest request) {
    long count = request.hasCountUpTo() ? request.getCountUpTo() : DEFAULT_COUNT_UP_TO;
    if (count < 0) {
      throw Refusals.outOfRange("countUpTo", count, ">= 0");
    }
    return count;
  }

  private static List<String> fields(String path, List<String> fields, QueryLimits limits) {
    Refusals.atMost(path, fields.size(), limits.maxFields(), " fields");
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).isEmpty()) {
        throw Refusals.missing(path + "[" + i + "]", "a field's name");
      }
    }
    return fields;
  }

  private static List<Sort> sorts(QueryRequest request, QueryLimits limits) {
    Refusals.atMost("sort", request.getSortCount(), limits.maxSorts(), " keys");
    var sorts = new ArrayList<Sort>(request.getSortCount());
    for (var sort : request.getSortList()) {
      if (sort.getField().isEmpty()) {
        throw Refusals.missing("sort[" + sorts.size() + "].field", "a field's name or _score");
      }
      sorts.add(new Sort(sort.getField(), sort.getDescending()));
    }
    return sorts;
  }

  private static Map<String, Aggregation> aggregations(QueryRequest request, QueryLimits limits) {
    Refusals.atMost("aggs", request.getAggsCount(), limits.maxAggregations(), " aggregations");
    return AggregationWire.read(request.getAggsMap(), "aggs", limits);
  }

  private static Optional<List<String>> highlight(QueryRequest request, QueryLimits limits) {
    if (request.getNoHighlight()) {
      if (request.getHighlightCount() > 0) {
        throw Refusals.refuse(
            ErrorCode.INVALID_REQUEST,
            "noHighlight",
            true,
            "false where fields to highlight are given");
      }
      return Optional.of(List.of());
    }
    return request.getHighlightCount() == 0
        ? Optional.empty()
        : Optional.of(fields("highlight", request.getHighlightList(), limits));
  }

  private static JsonObject args(QueryRequest request, QueryLimits limits) {
    if (request.getArgsJson().isEmpty()) {
      return JsonObject.EMPTY;
    }
    var bytes = request.getArgsJsonBytes();
    Refusals.atMost("args", bytes.size(), limits.maxArgs().bytes(), " bytes");
    try {
      return JsonValues.readObject(bytes.toByteArray());
    } catch (HeddleException e) {
      throw new HeddleException(e.code(), "args: " + e.getMessage(), e);
    }
  }

  /**
   * The request in wire form, with the filter as a part of the query. Dataset and plan are not in
   * it.
   */
  public static QueryRequest request(ScatterRequest request) {
    var wire =
        QueryRequest.newBuilder()
            .setQuery(ClauseWire.write(request.query()))
            .setK(request.k())
            .addAllFields(request.fields())
            .setCountUpTo(request.countUpTo());
    for (var sort : request.sort()) {
      wire.addSortBuilder().setField(sort.field()).setDescending(sort.descending());
    }
    request.aggs().forEach((name, agg) -> wire.putAggs(name, AggregationWire.write(agg)));
    request
        .highlight()
        .ifPresent(fields -> wire.addAllHighlight(fields).setNoHighlight(fields.isEmpty()));
    if (!request.args().names().isEmpty()) {
      wire.setArgsJsonBytes(ByteString.copyFrom(JsonValues.write(request.args())));
    }
    return wire.build();
  }

  /** One clause with all checks; {@code path} names it in errors. */
  public static Query query(Clause clause, String path, QueryLimits limits) {
    return new ClauseWire(limits).read(clause, path);
  }

  public static Clause clause(Query query) {
    return ClauseWire.write(query);
  }

  public static Aggregation aggregation(
      dev.heddle.v1.Aggregation wire, String path, QueryLimits limits) {
    return AggregationWire.read(wire, path, limits);
  }

  public static dev.heddle.v1.Aggregation aggregation(Aggregation aggregation) {
    return AggregationWire.write(aggregation);
  }

  /** String, Long, Double or Boolean. */
  public static Object value(Value value) {
    return ValueWire.read(value, "value", Integer.MAX_VALUE);
  }

  public static Value value(Object value) {
    return ValueWire.write(value);
  }

  /** A value that a hit was sorted by; it has no kind where the document lacks the field. */
  public static Value sortValue(Object value) {
    return ValueWire.writeSortValue(value);
  }

  public static Coverage coverage(dev.heddle.v1.Coverage wire) {
    var missing = new ArrayList<Coverage.Missing>(wire.getMissingCount());
    for (var shard : wire.getMissingList()) {
      missing.add(new Coverage.Missing(shard.getShard(), shard.getReason(), shard.getMessage()));
    }
    return new Coverage(
        wire.getSeen(),
        wire.getActive(),
        wire.getTarget(),
        wire.getShardsAnswered(),
        wire.getShardsSkipped(),
        wire.getShardsTotal(),
        missing);
  }

  public static dev.heddle.v1.Coverage coverage(Coverage coverage) {
    var wire =
        dev.heddle.v1.Coverage.newBuilder()
            .setSeen(coverage.seen())
            .setActive(coverage.active())
            .setTarget(coverage.target())
            .setShardsAnswered(coverage.answered())
            .setShardsSkipped(coverage.skipped())
            .setShardsTotal(coverage.total());
    for (var missing : coverage.missing()) {
      wire.addMissing(
          MissingShard.newBuilder()
              .setShard(missing.shard())
              .setReason(missing.reason())
              .setMessage(missing.message()));
    }
    return wire.build();
  }

  public static Bill bill(dev.heddle.v1.Bill wire) {
    return new Bill(
        wire.getActiveNanos(),
        wire.getCpuNanos(),
        wire.getQueueNanos(),
        wire.getDocumentsScanned(),
        wire.getBytesRead(),
        wire.getBytesSent(),
        wire.getShardOperations(),
        wire.getHedges(),
        wire.getMemoryMibNanos(),
        wire.getCostPicos(),
        wire.getComplete(),
        wire.getOpenList(),
        wire.getInitNanos(),
        wire.getParkedNanos());
  }

  public static dev.heddle.v1.Bill bill(Bill bill) {
    return dev.heddle.v1.Bill.newBuilder()
        .setActiveNanos(bill.activeNanos())
        .setCpuNanos(bill.cpuNanos())
        .setQueueNanos(bill.queueNanos())
        .setDocumentsScanned(bill.documentsScanned())
        .setBytesRead(bill.bytesRead())
        .setBytesSent(bill.bytesSent())
        .setShardOperations(bill.shardOperations())
        .setHedges(bill.hedges())
        .setMemoryMibNanos(bill.memoryMibNanos())
        .setCostPicos(bill.costPicos())
        .setComplete(bill.complete())
        .addAllOpen(bill.open())
        .setInitNanos(bill.initNanos())
        .setParkedNanos(bill.parkedNanos())
        .build();
  }
}
