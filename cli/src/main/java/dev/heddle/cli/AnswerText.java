package dev.heddle.cli;

import dev.heddle.cli.terminal.Figures;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * An answer as a person reads it: ranked hits, facets, the function's result, coverage and bill.
 */
final class AnswerText {
  private static final List<String> TITLES =
      List.of("title", "name", "label", "headline", "subject");
  private static final int WIDTH = 100;

  private AnswerText() {}

  static String of(JsonNode answer, boolean explain) {
    StringBuilder text = new StringBuilder();
    hits(text, answer.path("hits"));
    aggregations(text, answer.path("aggs"));
    JsonNode result = answer.path("result");
    if (!result.isMissingNode() && !result.isNull()) {
      text.append(result.toPrettyString()).append('\n');
    }
    if (!text.isEmpty()) {
      text.append('\n');
    }
    summary(text, answer);
    if (explain) {
      text.append('\n').append(Waterfall.of(answer.path("explanation")));
    }
    return text.toString().stripTrailing();
  }

  private static void hits(StringBuilder text, JsonNode hits) {
    int rank = 0;
    for (JsonNode hit : hits) {
      rank++;
      text.append(
          String.format(
              Locale.ROOT, "%3d  %8.4f  %s%n", rank, hit.path("score").asDouble(0), title(hit)));
      String snippet = snippet(hit);
      if (!snippet.isEmpty()) {
        text.append(" ".repeat(15)).append(Figures.shorten(snippet, WIDTH)).append('\n');
      }
    }
  }

  /** The first field that looks like a title, else the id. */
  private static String title(JsonNode hit) {
    String id = hit.path("id").asString("");
    for (String name : TITLES) {
      JsonNode value = hit.path("fields").path(name);
      JsonNode first = value.isArray() ? value.path(0) : value;
      if (first.isString() && !first.asString().isBlank()) {
        return Figures.shorten(first.asString(), WIDTH) + "  <" + id + ">";
      }
    }
    return id;
  }

  /** The longest fragment: running text says more than a category. */
  private static String snippet(JsonNode hit) {
    String longest = "";
    for (var field : hit.path("highlights").properties()) {
      String fragment = field.getValue().path(0).asString("");
      if (!TITLES.contains(field.getKey()) && fragment.length() > longest.length()) {
        longest = fragment;
      }
    }
    return plain(longest);
  }

  /** Highlights are HTML: escaped text with em around matches. */
  private static String plain(String html) {
    return html.replaceAll("</?em>", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&");
  }

  private static void aggregations(StringBuilder text, JsonNode aggregations) {
    for (var aggregation : aggregations.properties()) {
      FigureText.append(text, "", aggregation.getKey(), aggregation.getValue());
    }
  }

  private static void summary(StringBuilder text, JsonNode answer) {
    JsonNode total = answer.path("total");
    // A function that returns a result of its own need not count.
    if (total.has("value") && !answer.hasNonNull("result")) {
      boolean exact = "eq".equals(total.path("relation").asString("eq"));
      text.append(exact ? "" : "at least ")
          .append(
              Figures.count(total.path("value").asLong(0), "match").replace("matchs", "matches"))
          .append(" in ");
    }
    text.append(Figures.micros(answer.path("tookMicros").asLong(0))).append('\n');
    if (answer.path("cut").asBoolean(false)) {
      text.append("hits      end early: no time to ask for those that may follow\n");
    }
    if (answer.path("partialStatistics").asBoolean(false)) {
      text.append("scores    rest on statistics of some shards only: the others were late\n");
    }
    coverage(text, answer.path("coverage"));
    bill(text, answer.path("bill"));
    text.append("trace     ").append(answer.path("traceId").asString("")).append('\n');
  }

  private static void coverage(StringBuilder text, JsonNode coverage) {
    long seen = coverage.path("seen").asLong(0);
    long target = coverage.path("target").asLong(0);
    JsonNode shards = coverage.path("shards");
    text.append("coverage  ")
        .append(Figures.percent(seen, target))
        .append(" (")
        .append(Figures.count(seen))
        .append(" of ")
        .append(Figures.count(target, "document"))
        .append(", ")
        .append(shards.path("answered").asInt(0) + shards.path("skipped").asInt(0))
        .append(" of ")
        .append(Figures.count(shards.path("total").asInt(0), "shard"))
        .append(")\n");
    for (JsonNode missing : coverage.path("missing")) {
      text.append("          shard ")
          .append(missing.path("shard").asInt())
          .append(" is missing: ")
          .append(missing.path("reason").asString(""))
          .append('\n');
    }
  }

  private static void bill(StringBuilder text, JsonNode bill) {
    text.append("bill      active ")
        .append(Figures.nanos(bill.path("activeNanos").asLong(0)))
        .append(", cpu ")
        .append(Figures.nanos(bill.path("cpuNanos").asLong(0)))
        .append(", queued ")
        .append(Figures.nanos(bill.path("queueNanos").asLong(0)))
        .append(", scanned ")
        .append(Figures.count(bill.path("documentsScanned").asLong(0), "document"))
        .append(", ")
        .append(Figures.count(bill.path("shardOperations").asLong(0), "shard operation"))
        .append(", sent ")
        .append(Figures.bytes(bill.path("bytesSent").asLong(0)))
        .append(bill.path("complete").asBoolean(true) ? "" : "; not complete")
        .append('\n');
  }
}
