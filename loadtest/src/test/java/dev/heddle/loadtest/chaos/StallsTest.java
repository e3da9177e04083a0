package dev.heddle.loadtest.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.loadtest.chaos.NemesisStep.Action;
import dev.heddle.loadtest.chaos.NemesisStep.Target;
import dev.heddle.loadtest.chaos.ShardProbe.Ack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StallsTest {
  private static final long MS = 1_000_000;

  private static Fault kill(long atMillis, boolean calm, Integer... led) {
    var step = new NemesisStep(calm, Duration.ZERO, Action.KILL, new Target.Node(0), Duration.ZERO);
    return new Fault(step, List.of("leaf-1"), Set.of(led), true, atMillis * MS);
  }

  /** A write every 100 ms, each of which takes 10 ms. */
  private static List<Ack> steady(long fromMillis, long toMillis) {
    var acks = new ArrayList<Ack>();
    for (long at = fromMillis; at < toMillis; at += 100) {
      acks.add(new Ack(at * MS, (at + 10) * MS));
    }
    return acks;
  }

  private static List<Ack> both(List<Ack> first, List<Ack> second) {
    var both = new ArrayList<>(first);
    both.addAll(second);
    return both;
  }

  @Test
  void measuresUntilTheFirstWriteAfterTheKill() {
    var led = both(steady(0, 1_000), steady(4_200, 9_000));
    var other = both(steady(0, 2_000), steady(2_400, 9_000));

    var stalls = Stalls.of(List.of(kill(1_050, true, 0)), Map.of(0, led, 1, other), 9_000 * MS);

    assertEquals(List.of(3_160.0), stalls.led());
    assertEquals(List.of(500.0), stalls.others());
    assertEquals(0, stalls.open());
  }

  @Test
  void anAnswerUnderWayAtTheKillIsNoSignOfLife() {
    var acks = both(List.of(new Ack(990 * MS, 1_060 * MS)), steady(3_000, 4_000));

    var stalls = Stalls.of(List.of(kill(1_050, true, 0)), Map.of(0, acks), 4_000 * MS);

    assertEquals(List.of(1_960.0), stalls.led());
  }

  @Test
  void aWriteThatWaitedForTheNextLeaderIs() {
    var acks = List.of(new Ack(990 * MS, 2_500 * MS));

    var stalls = Stalls.of(List.of(kill(1_000, true, 0)), Map.of(0, acks), 4_000 * MS);

    assertEquals(List.of(1_500.0), stalls.led());
  }

  @Test
  void whatTheNextFaultCutsShortCountsUpToThereAndAsOpen() {
    var acks = both(steady(0, 1_000), steady(5_000, 9_000));

    var stalls =
        Stalls.of(
            List.of(kill(1_050, true, 0), kill(2_000, false, 0)), Map.of(0, acks), 9_000 * MS);

    assertEquals(List.of(950.0), stalls.led());
    assertEquals(1, stalls.open());
  }

  @Test
  void aShardThatNeverTakesAWriteAgainIsTheWorstOfAll() {
    var stalls = Stalls.of(List.of(kill(1_050, true, 0)), Map.of(0, steady(0, 1_000)), 61_050 * MS);

    assertEquals(List.of(60_000.0), stalls.led());
    assertEquals(1, stalls.open());
  }

  @Test
  void aClusterOfWhichANodeIsPausedIsNotCalm() {
    var step =
        new NemesisStep(
            true, Duration.ZERO, Action.PAUSE, new Target.Node(1), Duration.ofSeconds(3));
    var pause = new Fault(step, List.of("leaf-2"), Set.of(), true, 1_000 * MS);
    var acks = Map.of(0, both(steady(0, 2_000), steady(8_000, 9_000)));

    var paused = Stalls.of(List.of(pause, kill(2_050, true, 0)), acks, 9_000 * MS);
    var later = Stalls.of(List.of(pause, kill(4_050, true, 0)), acks, 9_000 * MS);

    assertEquals(List.of(), paused.led());
    assertEquals(List.of(3_960.0), later.led());
  }

  @Test
  void onlyKillsOfACalmClusterCount() {
    var stalls = Stalls.of(List.of(kill(1_050, false, 0)), Map.of(0, steady(0, 9_000)), 9_000 * MS);

    assertEquals(List.of(), stalls.led());
    assertEquals(List.of(), stalls.others());
  }

  @Test
  void quantilesAreOfValuesThatWereMeasured() {
    var values = List.of(5.0, 1.0, 2.0, 3.0, 4.0);

    assertEquals(3, Stalls.quantile(values, 0.5));
    assertEquals(5, Stalls.quantile(values, 0.95));
    assertEquals(5, Stalls.most(values));
    assertEquals(0, Stalls.quantile(List.of(), 0.5));
  }
}
