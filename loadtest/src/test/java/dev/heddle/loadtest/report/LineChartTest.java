package dev.heddle.loadtest.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.testing.SampleReport;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineChartTest {
  private static LineChart chart(boolean stepped, Point... points) {
    return new LineChart(
        "A < B",
        "x",
        new Scale.Linear(0, 10),
        "y",
        new Scale.Linear(0, 100),
        stepped,
        List.of(new LineChart.Line("first", 0, List.of(points))));
  }

  @Test
  void pointsLieWhereTheirValuesAre() {
    var svg = chart(false, new Point(0, 0), new Point(5, 50), new Point(10, 100)).svg();
    // The plot reaches from 62 to 434 across and from 30 to 260 down.
    assertTrue(svg.contains("d=\"M62 260L248 145L434 30\""), svg);
    assertTrue(svg.contains("<title>A &lt; B</title>"), svg);
  }

  @Test
  void valuesBeyondTheAxesStayOnTheEdge() {
    var svg = chart(false, new Point(-5, -5), new Point(20, 200)).svg();
    assertTrue(svg.contains("d=\"M62 260L434 30\""), svg);
  }

  @Test
  void aSteppedLineHoldsItsValueUntilTheNext() {
    var svg = chart(true, new Point(0, 0), new Point(10, 100)).svg();
    assertTrue(svg.contains("d=\"M62 260L434 260L434 30\""), svg);
  }

  @Test
  void linesOfOneLookAreToldOnceInTheLegend() {
    var line = new LineChart.Line("same", 1, List.of(new Point(1, 1)));
    var other = new LineChart.Line("same", 1, List.of(new Point(2, 2)));
    var axis = new Scale.Linear(0, 10);
    var svg = new LineChart("t", "x", axis, "y", axis, false, List.of(line, other)).svg();
    assertEquals(svg.indexOf(">same<"), svg.lastIndexOf(">same<"));
  }

  @Test
  void refusesMoreLooksThanCanBeToldApart() {
    var line = new LineChart.Line("x", LineChart.MOST_LINES, List.of());
    var axis = new Scale.Linear(0, 10);
    assertThrows(
        IllegalArgumentException.class,
        () -> new LineChart("t", "x", axis, "y", axis, false, List.of(line)));
  }

  private static List<String> labels(Scale scale) {
    return scale.ticks().stream().map(Scale.Tick::label).toList();
  }

  @Test
  void labelsAreRound() {
    assertEquals(List.of("0", "20", "40", "60", "80", "100"), labels(new Scale.Linear(0, 100)));
    assertEquals(
        List.of("0", "0.05", "0.1", "0.15", "0.2", "0.25"), labels(Scale.Linear.upTo(0.23)));
    assertEquals(List.of("0", "10k", "20k", "30k", "40k"), labels(Scale.Linear.upTo(36_000)));
    assertEquals(List.of("0.2", "0.5", "1", "2"), labels(Scale.Log.around(0.23, 1.9)));
    assertEquals(
        List.of("0.01", "0.1", "1", "10", "100", "1000"), labels(Scale.Log.around(0.01, 990)));
    assertEquals(List.of("0", "50", "90", "99", "99.9", "99.99"), labels(new Scale.Nines(4)));
  }

  @Test
  void everyLabelAndEveryValueLiesOnItsAxis() {
    for (double low : new double[] {1e-3, 0.05, 0.5, 0.99, 1, 2.5, 7, 1_234}) {
      for (double times : new double[] {1, 1.0001, 2, 9, 50, 1e5}) {
        var log = Scale.Log.around(low, low * times);
        assertTrue(log.low() <= low && log.high() >= low * times, log::toString);
        assertTrue(log.high() / log.low() <= Math.max(10, times * 26), log::toString);
        assertFalse(log.ticks().isEmpty(), log::toString);
        var linear = Scale.Linear.upTo(low * times);
        assertTrue(linear.high() >= low * times, linear::toString);
        assertTrue(linear.ticks().size() <= 12, () -> labels(linear).toString());
        assertEquals(linear.high(), linear.ticks().getLast().value(), linear.high() * 1e-6);
      }
    }
    assertEquals(0.5, new Scale.Log(1, 100).share(10), 1e-9);
    assertEquals(0.5, new Scale.Nines(4).share(0.99), 1e-9);
    assertEquals(1, new Scale.Nines(4).share(1));
  }

  @Test
  void repetitionsAreOneGroupAndSumsAreNone() {
    var series = SampleReport.runs("java", 100, 3, 7);
    var groups = SeriesGroup.of(series);
    assertEquals(List.of("java"), groups.stream().map(SeriesGroup::name).toList());
    assertEquals(15_000, groups.getFirst().latency().count());
  }
}
