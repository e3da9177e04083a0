package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private static final long TEN_MILLIS = 10_000_000;

  private static long sum(Timeline timeline) {
    return timeline.counts().stream().mapToLong(Long::longValue).sum();
  }

  @Test
  void countsWhatEndedInEachStretch() {
    var timeline = new Timeline();
    for (long millis : List.of(0, 9, 10, 35)) {
      timeline.record(millis * 1_000_000);
    }
    timeline.record(-5);

    assertEquals(List.of(3L, 1L, 0L, 1L), timeline.counts());
    assertEquals(TEN_MILLIS, timeline.widthNanos());
  }

  @Test
  void aLongTimeTakesNoMoreStretchesAndLosesNothing() {
    var timeline = new Timeline();
    for (int i = 0; i < 10_000; i++) {
      timeline.record(i * TEN_MILLIS);
    }

    assertTrue(timeline.counts().size() <= Timeline.MOST, timeline.counts()::toString);
    assertEquals(10_000, sum(timeline));
    assertEquals(64 * TEN_MILLIS, timeline.widthNanos());
    assertEquals(64, timeline.counts().getFirst());
    timeline.record(Long.MAX_VALUE);
    assertEquals(10_001, sum(timeline));
  }

  @Test
  void timelinesAddUpToWhatOneWouldHold() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      var one = new Timeline();
      var first = new Timeline();
      var second = new Timeline();
      long span = 1 + (long) Math.exp(random.nextDouble() * Math.log(1e13));
      for (int j = 0; j < 50; j++) {
        long nanos = random.nextLong(span);
        one.record(nanos);
        (random.nextBoolean() ? first : second).record(nanos);
      }
      first.add(second);
      assertEquals(one, first, "seed " + seed + ", " + i);
      assertEquals(one, Timeline.of(one.widthNanos(), one.counts()), "seed " + seed + ", " + i);
    }
  }

  @Test
  void refusesFiguresOfNoTimeline() {
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> Timeline.of(30_000_000, List.of()));
    assertEquals(
        "width: 30000000 (expected: 10 ms times a power of two, in nanoseconds)",
        refusal.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Timeline.of(0, List.of()));
    assertThrows(IllegalArgumentException.class, () -> Timeline.of(TEN_MILLIS, List.of(-1L)));
  }
}
