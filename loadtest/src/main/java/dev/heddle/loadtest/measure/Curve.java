package dev.heddle.loadtest.measure;

import java.util.List;

/**
 * How some figures grow with another one: offered load, shards, clients.
 *
 * @param x what grows, with its unit
 * @param y what follows, with its unit
 */
public record Curve(String title, String x, String y, List<Line> lines) {
  public Curve {
    lines = List.copyOf(lines);
  }

  /** One subject's points, in the order of their x. */
  public record Line(String name, List<Point> points) {
    public Line {
      points = List.copyOf(points);
    }
  }

  /** A measured point; both values are finite. */
  public record Point(double x, double y) {
    public Point {
      if (!Double.isFinite(x) || !Double.isFinite(y)) {
        throw new IllegalArgumentException("point: " + x + ", " + y + " (expected: finite)");
      }
    }
  }
}
