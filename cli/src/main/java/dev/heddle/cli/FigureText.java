package dev.heddle.cli;

import dev.heddle.cli.terminal.Figures;
import tools.jackson.databind.JsonNode;

/** The figure of an aggregation as a person reads it: a line, and lines for what is inside. */
final class FigureText {
  private static final String INDENT = "  ";

  private FigureText() {}

  static void append(StringBuilder text, String indent, String name, JsonNode figure) {
    text.append(indent).append(name).append(':');
    if (figure.has("buckets")) {
      buckets(text, indent, figure);
    } else if (figure.has("values")) {
      quantiles(text, figure);
    } else if (figure.has("hits")) {
      hits(text, figure);
    } else if (figure.has("confidence")) {
      between(text.append(INDENT).append(shown(figure.path("value"))), figure).append('\n');
    } else {
      for (var each : figure.properties()) {
        text.append(INDENT).append(each.getKey()).append(' ').append(shown(each.getValue()));
      }
      text.append('\n');
    }
  }

  private static void buckets(StringBuilder text, String indent, JsonNode figure) {
    boolean nested = false;
    for (JsonNode bucket : figure.path("buckets")) {
      nested |= bucket.has("aggs");
    }
    for (JsonNode bucket : figure.path("buckets")) {
      text.append(nested ? "\n" + indent + INDENT : INDENT)
          .append(bucket.path("key").asString(""))
          .append(' ')
          .append(Figures.count(bucket.path("count").asLong(0)));
      if (bucket.path("upper").asLong(0) > bucket.path("count").asLong(0)) {
        text.append("..").append(Figures.count(bucket.path("upper").asLong(0)));
      }
      if (nested) {
        text.append('\n');
        for (var inner : bucket.path("aggs").properties()) {
          append(text, indent + INDENT + INDENT, inner.getKey(), inner.getValue());
        }
        text.setLength(text.length() - 1);
      }
    }
    long other = figure.path("other").asLong(0);
    text.append(other > 0 ? INDENT + "other " + Figures.count(other) : "").append('\n');
  }

  private static void quantiles(StringBuilder text, JsonNode figure) {
    for (JsonNode quantile : figure.path("values")) {
      text.append(INDENT)
          .append(quantile.path("percent").asString(""))
          .append("% ")
          .append(shown(quantile.path("value")));
      between(text, quantile);
    }
    text.append('\n');
  }

  private static void hits(StringBuilder text, JsonNode figure) {
    for (JsonNode hit : figure.path("hits")) {
      text.append(INDENT).append(hit.path("id").asString(""));
    }
    text.append('\n');
  }

  /** Only where there is something between. */
  private static StringBuilder between(StringBuilder text, JsonNode figure) {
    return figure.path("lower").equals(figure.path("upper"))
        ? text
        : text.append(" (")
            .append(shown(figure.path("lower")))
            .append("..")
            .append(shown(figure.path("upper")))
            .append(')');
  }

  private static String shown(JsonNode value) {
    return value.isIntegralNumber() ? Figures.count(value.asLong(0)) : value.asString("-");
  }
}
