package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.ReportText;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The points of a curve as rows of a table. Stateless. */
final class CurveTable {
  private CurveTable() {}

  /** A row of titles, then one for each x, with empty cells where a line has no such point. */
  static List<List<String>> rows(Curve curve) {
    var all = new TreeSet<Double>();
    curve.lines().forEach(line -> line.points().forEach(point -> all.add(point.x())));
    var rows = new ArrayList<List<String>>();
    var titles = new ArrayList<String>();
    titles.add(curve.x());
    curve.lines().forEach(line -> titles.add(line.name() + ", " + curve.y()));
    rows.add(titles);
    for (double x : all) {
      var row = new ArrayList<String>();
      row.add(ReportText.figure(x));
      for (var line : curve.lines()) {
        row.add(
            line.points().stream()
                .filter(point -> point.x() == x)
                .map(point -> ReportText.figure(point.y()))
                .findFirst()
                .orElse(""));
      }
      rows.add(row);
    }
    return rows;
  }
}
