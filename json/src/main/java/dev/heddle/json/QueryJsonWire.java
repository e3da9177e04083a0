package dev.heddle.json;

import static dev.heddle.json.ClauseJsonWire.ordered;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Sort;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** The query from its JSON, with errors that name the place. */
public final class QueryJsonWire {
  private static final Duration LEAST_DEADLINE = Duration.ofMillis(1);
  private static final int MAX_FIELDS = 200;
  private static final int MAX_SORTS = 8;
  private static final int MAX_AGGREGATIONS = 32;
  private static final long MAX_COUNT = 1L << 53;
  private static final Pattern FUNCTION = Pattern.compile("[A-Za-z][A-Za-z0-9_.:-]{0,127}");
  private static final Set<String> FIELDS =
      ordered(
          "query",
          "filter",
          "function",
          "args",
          "k",
          "fields",
          "sort",
          "aggs",
          "read",
          "deadline",
          "minCoverage",
          "explain",
          "highlight",
          "countUpTo");

  private QueryJsonWire() {}

  /**
   * The request with its deadline set.
   *
   * @param usual deadline of a query that names none
   * @param most the most that it may name
   * @throws HeddleException of kind USER
   */
  public static QueryRequest read(String dataset, JsonNode json, Duration usual, Duration most) {
    var fields = new JsonFields("", json, FIELDS);
    QueryRequest.Builder query = QueryRequest.newBuilder().setDataset(dataset);
    var clauses = new ClauseJsonWire();
    fields.value("query").ifPresent(node -> query.setQuery(clauses.query("query", node)));
    fields.value("filter").ifPresent(node -> query.setFilter(clauses.clause("filter", node)));
    function(fields, query);
    fields.integer("k", 0, 10_000).ifPresent(k -> query.setK((int) k));
    query.addAllFields(fields.texts("fields", MAX_FIELDS));
    query.addAllSort(fields.list("sort", MAX_SORTS, QueryJsonWire::sort));
    fields
        .value("aggs")
        .ifPresent(
            node -> query.putAllAggs(AggregationJsonWire.read("aggs", MAX_AGGREGATIONS, node)));
    read(fields, query);
    fields.number("minCoverage", 0, 1).ifPresent(query::setMinCoverage);
    query.setExplain(fields.flag("explain"));
    highlight(fields, query);
    fields.integer("countUpTo", 0, MAX_COUNT).ifPresent(query::setCountUpTo);
    Duration deadline = fields.duration("deadline", LEAST_DEADLINE, most).orElse(usual);
    return query.setDeadlineMicros(deadline.toNanos() / 1_000).build();
  }

  private static void function(JsonFields fields, QueryRequest.Builder query) {
    if (fields.value("function").isPresent()) {
      String function = fields.text("function");
      if (!FUNCTION.matcher(function).matches()) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, "function: " + function + " (expected: name or name:alias)");
      }
      query.setFunction(function);
    }
    fields
        .value("args")
        .ifPresent(args -> {
          if (!args.isObject()) {
            throw JsonFields.mismatch("args", args, "an object");
          }
          query.setArgsJson(args.toString());
        });
  }

  static Sort sort(String path, JsonNode node) {
    if (node.isString() && !node.stringValue().replace("-", "").isEmpty()) {
      String text = node.stringValue();
      boolean minus = text.startsWith("-");
      // Nobody wants the worst first: `_score` alone means the best first.
      return Sort.newBuilder()
          .setField(minus ? text.substring(1) : text)
          .setDescending(minus || text.equals("_score"))
          .build();
    }
    if (!node.isObject()) {
      throw JsonFields.mismatch(
          path, node, "\"field\", \"-field\" or {\"field\": \"asc\"|\"desc\"}");
    }
    String field = new JsonFields(path, node).onlyName("one field name with asc or desc");
    String order = JsonFields.text(path + "." + field, node.get(field));
    if (!order.equals("asc") && !order.equals("desc")) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          path + "." + field + ": " + order + " (expected: asc or desc)");
    }
    return Sort.newBuilder().setField(field).setDescending(order.equals("desc")).build();
  }

  private static void read(JsonFields fields, QueryRequest.Builder query) {
    String read = fields.textOrNull("read");
    if (read != null) {
      query.setRead(level(read));
    }
  }

  /** What a read must have seen. */
  public static ReadLevel level(String read) {
    return switch (read) {
      case "any" -> ReadLevel.READ_LEVEL_ANY;
      case "session" -> ReadLevel.READ_LEVEL_SESSION;
      case "linearizable" -> ReadLevel.READ_LEVEL_LINEARIZABLE;
      default ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "read: " + read + " (expected: any, session or linearizable)");
    };
  }

  private static void highlight(JsonFields fields, QueryRequest.Builder query) {
    Optional<JsonNode> value = fields.value("highlight");
    if (value.isEmpty()) {
      return;
    }
    if (value.get().isBoolean()) {
      query.setNoHighlight(!value.get().booleanValue());
    } else if (value.get().isArray()) {
      query.addAllHighlight(fields.texts("highlight", MAX_FIELDS));
      query.setNoHighlight(value.get().isEmpty());
    } else {
      throw JsonFields.mismatch("highlight", value.get(), "true, false or an array of field names");
    }
  }
}
