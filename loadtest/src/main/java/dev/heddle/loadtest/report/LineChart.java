package dev.heddle.loadtest.report;

import static dev.heddle.loadtest.report.Markup.coordinate;
import static dev.heddle.loadtest.report.Markup.escaped;

import dev.heddle.loadtest.measure.Curve.Point;
import java.util.List;

/**
 * Lines over two axes, as SVG that needs nothing else. Lines differ in colour, in dashes and in the
 * marks on them, so that no one depends on colours.
 *
 * @param title what is to be seen, also for those who do not see it
 * @param stepped whether a value holds until the next one
 */
record LineChart(
    String title,
    String xLabel,
    Scale x,
    String yLabel,
    Scale y,
    boolean stepped,
    List<Line> lines) {
  /** More would not be told apart. */
  static final int MOST_LINES = 7;

  private static final int WIDTH = 460;
  private static final int LEFT = 62;
  private static final int RIGHT = 26;
  private static final int TOP = 30;
  private static final int PLOT = 230;
  private static final int LEGEND_LINE = 20;
  private static final int LEGEND_TOP = TOP + PLOT + 56;
  private static final int MARKS = 6;
  private static final int LEGEND_CHARACTERS = 52;

  /** Each at least 4.5 to 1 on white. */
  private static final List<String> COLOURS =
      List.of("#0068a8", "#b84300", "#00705a", "#8a3a78", "#3d3d3d", "#7a5200", "#4b4ba8");

  private static final List<String> DASHES =
      List.of("", "7 3", "2 3", "10 3 2 3", "", "5 5", "1 4");

  LineChart {
    lines = List.copyOf(lines);
    if (lines.isEmpty() || lines.stream().anyMatch(line -> line.look() >= MOST_LINES)) {
      throw new IllegalArgumentException(
          "lines: " + lines.size() + " (expected: at least one, of " + MOST_LINES + " looks)");
    }
  }

  /**
   * A line of the chart.
   *
   * @param look which colour, dashes and marks it has, from 0; lines of one look share a name
   */
  record Line(String name, int look, List<Point> points) {
    Line {
      points = List.copyOf(points);
    }
  }

  /** The whole element, for a page that is white. */
  String svg() {
    return svg("");
  }

  /**
   * A file of its own, with a background: what shows it may be dark.
   *
   * @param description for those who do not see it
   */
  String file(String description) {
    var background =
        "<desc>%s</desc>\n<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#fff\"/>\n"
            .formatted(escaped(description));
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg(background);
  }

  private String svg(String background) {
    var names =
        lines.stream().map(line -> new Line(line.name(), line.look(), List.of())).distinct();
    var legend = names.toList();
    int height = LEGEND_TOP + LEGEND_LINE * legend.size();
    var svg = new StringBuilder();
    svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ")
        .append(WIDTH)
        .append(' ')
        .append(height)
        .append("\" font-family=\"system-ui,sans-serif\" font-size=\"13\" fill=\"#222\">\n");
    svg.append("<title>").append(escaped(title)).append("</title>\n").append(background);
    text(svg, LEFT, 18, "start", "font-weight=\"600\" font-size=\"14\"", title);
    axes(svg);
    lines.forEach(line -> line(svg, line));
    for (int i = 0; i < legend.size(); i++) {
      legend(svg, legend.get(i), LEGEND_TOP + LEGEND_LINE * i);
    }
    return svg.append("</svg>\n").toString();
  }

  private double left(double value) {
    return LEFT + x.share(value) * (WIDTH - LEFT - RIGHT);
  }

  private double top(double value) {
    return TOP + (1 - y.share(value)) * PLOT;
  }

  private void axes(StringBuilder svg) {
    int right = WIDTH - RIGHT;
    int bottom = TOP + PLOT;
    for (var tick : y.ticks()) {
      double at = top(tick.value());
      stroke(svg, LEFT, at, right, at, "#ddd");
      text(svg, LEFT - 6, at + 4.5, "end", "", tick.label());
    }
    for (var tick : x.ticks()) {
      double at = left(tick.value());
      stroke(svg, at, TOP, at, bottom, "#ddd");
      text(svg, at, bottom + 17, "middle", "", tick.label());
    }
    stroke(svg, LEFT, TOP, LEFT, bottom, "#555");
    stroke(svg, LEFT, bottom, right, bottom, "#555");
    text(svg, (LEFT + right) / 2.0, bottom + 36, "middle", "", xLabel);
    double middle = TOP + PLOT / 2.0;
    var turned = "transform=\"rotate(-90 14 " + coordinate(middle) + ")\"";
    text(svg, 14, middle, "middle", turned, yLabel);
  }

  private void line(StringBuilder svg, Line line) {
    if (line.points().isEmpty()) {
      return;
    }
    svg.append("<path fill=\"none\" stroke-linejoin=\"round\" ").append(look(line)).append(" d=\"");
    double before = 0;
    for (int i = 0; i < line.points().size(); i++) {
      var point = line.points().get(i);
      double at = left(point.x());
      double height = top(point.y());
      if (stepped && i > 0) {
        svg.append('L').append(coordinate(at)).append(' ').append(coordinate(before));
      }
      svg.append(i == 0 ? 'M' : 'L').append(coordinate(at)).append(' ').append(coordinate(height));
      before = height;
    }
    svg.append("\"/>\n");
    int step = Math.max(1, (line.points().size() - 1) / (MARKS - 1));
    for (int i = 0; i < line.points().size(); i += step) {
      var point = line.points().get(i);
      mark(svg, line.look(), left(point.x()), top(point.y()));
    }
  }

  private static String look(Line line) {
    var dashes = DASHES.get(line.look());
    return "stroke=\""
        + COLOURS.get(line.look())
        + "\" stroke-width=\"2\""
        + (dashes.isEmpty() ? "" : " stroke-dasharray=\"" + dashes + "\"");
  }

  private static void mark(StringBuilder svg, int look, double x, double y) {
    var shape =
        switch (look % 4) {
          case 0 -> "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z";
          case 1 -> "M-3.2 -3.2h6.4v6.4h-6.4z";
          case 2 -> "M0 -4.4L4 3.2H-4z";
          default -> "M0 -4.6L4.6 0L0 4.6L-4.6 0z";
        };
    svg.append("<path fill=\"")
        .append(look < 4 ? COLOURS.get(look) : "#fff")
        .append("\" stroke=\"")
        .append(COLOURS.get(look))
        .append("\" transform=\"translate(")
        .append(coordinate(x))
        .append(' ')
        .append(coordinate(y))
        .append(")\" d=\"")
        .append(shape)
        .append("\"/>\n");
  }

  private static void legend(StringBuilder svg, Line line, double y) {
    svg.append("<path fill=\"none\" ")
        .append(look(line))
        .append(" d=\"M")
        .append(LEFT)
        .append(' ')
        .append(coordinate(y))
        .append("h34\"/>\n");
    mark(svg, line.look(), LEFT + 17, y);
    var name = line.name();
    var shown =
        name.length() <= LEGEND_CHARACTERS ? name : name.substring(0, LEGEND_CHARACTERS - 1) + "…";
    text(svg, LEFT + 42, y + 4.5, "start", "", shown);
  }

  private static void stroke(
      StringBuilder svg, double x1, double y1, double x2, double y2, String colour) {
    svg.append("<path fill=\"none\" stroke=\"")
        .append(colour)
        .append("\" d=\"M")
        .append(coordinate(x1))
        .append(' ')
        .append(coordinate(y1))
        .append('L')
        .append(coordinate(x2))
        .append(' ')
        .append(coordinate(y2))
        .append("\"/>\n");
  }

  private static void text(
      StringBuilder svg, double x, double y, String anchor, String more, String text) {
    svg.append("<text x=\"")
        .append(coordinate(x))
        .append("\" y=\"")
        .append(coordinate(y))
        .append("\" text-anchor=\"")
        .append(anchor)
        .append('"')
        .append(more.isEmpty() ? "" : " " + more)
        .append('>')
        .append(escaped(text))
        .append("</text>\n");
  }
}
