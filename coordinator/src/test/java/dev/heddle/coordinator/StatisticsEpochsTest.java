package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Figures.FieldFigures;
import dev.heddle.coordinator.plan.Figures.TermFigures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.plan.StatisticsEpoch.Sight;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StatisticsEpochsTest {
  private static final TermKey MOBY = new TermKey("title", "moby");

  private final ManualTicker ticker = new ManualTicker();
  private final StatisticsEpochs epochs =
      new StatisticsEpochs("owner", Duration.ofSeconds(1), ticker);

  private static Figures figures(long frequency) {
    return new Figures(
        10,
        Map.of("title", new FieldFigures(10, 20, 15)),
        Map.of(MOBY, new TermFigures(frequency, frequency)));
  }

  @Test
  void aFigureOnceFrozenNeverChanges() {
    var epoch = epochs.current("d");
    epoch.establish(figures(3), true);
    epoch.establish(figures(9), true);
    assertEquals(new TermFigures(3, 3), epoch.figures(List.of(MOBY)).terms().get(MOBY));
  }

  @Test
  void aChangedShardBeginsANewEpochButNotBeforeTheInterval() {
    var epoch = epochs.current("d");
    epoch.observe(0, new Sight("i", 1));
    epoch.observe(0, new Sight("i", 2));
    ticker.advance(Duration.ofMillis(999));
    assertSame(epoch, epochs.current("d"));
    ticker.advance(Duration.ofMillis(1));
    assertNotSame(epoch, epochs.current("d"));
  }

  @Test
  void anUnchangedDatasetKeepsItsEpoch() {
    var epoch = epochs.current("d");
    epoch.observe(0, new Sight("i", 1));
    epoch.establish(figures(3), true);
    epoch.observe(0, new Sight("i", 1));
    ticker.advance(Duration.ofHours(1));
    assertSame(epoch, epochs.current("d"));
  }

  @Test
  void aShardThatDidNotContributeBeginsANewEpoch() {
    var epoch = epochs.current("d");
    epoch.observe(0, new Sight("i", 1));
    epoch.establish(figures(3), true);
    epoch.observe(1, new Sight("i", 1));
    ticker.advance(Duration.ofSeconds(2));
    assertNotSame(epoch, epochs.current("d"));
  }

  @Test
  void aReplicaThatIsBehindChangesNothing() {
    var epoch = epochs.current("d");
    epoch.observe(0, new Sight("i", 7));
    epoch.establish(figures(3), true);
    epoch.observe(0, new Sight("i", 5));
    epoch.observe(0, new Sight("i", 7));
    ticker.advance(Duration.ofHours(1));
    assertSame(epoch, epochs.current("d"));
    epoch.observe(0, new Sight("i", 8));
    assertNotSame(epoch, epochs.current("d"));
  }

  @Test
  void anotherIncarnationOrAViewWithoutAPositionIsNews() {
    for (var other : List.of(new Sight("j", 3), new Sight("", 7))) {
      var epoch = epochs.current("d");
      epoch.observe(0, new Sight("i", 7));
      epoch.observe(0, other);
      ticker.advance(Duration.ofSeconds(2));
      assertNotSame(epoch, epochs.current("d"));
    }
    var epoch = epochs.current("d");
    epoch.observe(0, new Sight("", 7));
    epoch.observe(0, new Sight("", 6));
    ticker.advance(Duration.ofSeconds(2));
    assertNotSame(epoch, epochs.current("d"));
  }

  @Test
  void figuresAddUp() {
    var sum = figures(3).plus(figures(4));
    assertEquals(20, sum.documents());
    assertEquals(new TermFigures(7, 7), sum.terms().get(MOBY));
    assertEquals(new FieldFigures(20, 40, 30), sum.fields().get("title"));
  }

  @Test
  void forgetsDatasetsThatAreGone() {
    var epoch = epochs.current("d");
    epochs.retain(Set.of("other"));
    assertNotSame(epoch, epochs.current("d"));
  }
}
