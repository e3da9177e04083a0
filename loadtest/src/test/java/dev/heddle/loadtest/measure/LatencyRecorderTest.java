package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatencyRecorderTest {
  /** From nanoseconds to minutes, as latencies are: most of them short. */
  private static long time(Random random) {
    return (long) Math.exp(random.nextDouble() * Math.log(600e9));
  }

  @Test
  void recordersFromSeveralProcessesAddUpToExactlyWhatOneWouldHold() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var one = new LatencyRecorder();
    var several = new ArrayList<LatencyRecorder>();
    for (int i = 0; i < 7; i++) {
      several.add(new LatencyRecorder());
    }
    for (int i = 0; i < 20_000; i++) {
      long nanos = time(random);
      one.record(nanos);
      several.get(random.nextInt(several.size())).record(nanos);
    }

    var sum = new LatencyRecorder();
    for (var each : several) {
      // Between processes travels text.
      sum.add(LatencyRecorder.decode(each.encoded()));
    }

    assertEquals(one, sum, "seed " + seed);
    assertEquals(one.percentiles(), sum.percentiles(), "seed " + seed);
    assertEquals(one.encoded(), sum.encoded(), "seed " + seed);
  }

  @Test
  void oneTimeMoreMakesAnotherHistogram() {
    var recorder = new LatencyRecorder();
    recorder.record(1_000);
    var other = LatencyRecorder.decode(recorder.encoded());
    assertEquals(recorder, other);

    other.record(1_000);

    assertNotEquals(recorder, other);
    assertEquals(2, other.percentiles().count());
  }

  @Test
  void percentilesAreExactToThreeDigits() {
    var recorder = new LatencyRecorder();
    for (int micros = 1; micros <= 10_001; micros++) {
      recorder.record(micros * 1_000L);
    }

    var figures = recorder.percentiles();

    assertEquals(10_001, figures.count());
    assertClose(1, figures.min());
    assertClose(5_001, figures.p50());
    assertClose(9_001, figures.p90());
    assertClose(9_901, figures.p99());
    assertClose(9_991, figures.p999());
    assertClose(10_001, figures.max());
    assertClose(5_001, figures.mean());
  }

  private static void assertClose(double expected, double actual) {
    assertEquals(expected, actual, expected * 0.001);
  }

  @Test
  void quantilesAreTheSameOneByOneAndManyAtOnce() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var recorder = new LatencyRecorder();
    assertEquals(0, recorder.quantiles().applyAsDouble(0.5));
    for (int i = 0; i < 1_000; i++) {
      recorder.record(time(random));
    }
    var many = recorder.quantiles();
    for (int i = 0; i <= 1_000; i++) {
      double quantile = i / 1_000.0;
      assertEquals(
          recorder.quantileMicros(quantile),
          many.applyAsDouble(quantile),
          "seed " + seed + ", " + i);
    }
    assertThrows(IllegalArgumentException.class, () -> recorder.quantileMicros(1.1));
  }

  @Test
  void holdsNothingAtFirst() {
    assertEquals(Percentiles.NONE, new LatencyRecorder().percentiles());
    assertEquals(
        Percentiles.NONE, LatencyRecorder.decode(new LatencyRecorder().encoded()).percentiles());
  }

  @Test
  void whatIsLongerThanAnHourCountsAsAnHour() {
    var recorder = new LatencyRecorder();
    recorder.record(Long.MAX_VALUE);
    assertClose(3_600e6, recorder.percentiles().max());
  }

  @Test
  void refusesTimesBelowZero() {
    var recorder = new LatencyRecorder();
    var refusal = assertThrows(IllegalArgumentException.class, () -> recorder.record(-1));
    assertEquals("nanos: -1 (expected: >= 0)", refusal.getMessage());
  }

  @Test
  void refusesTextThatIsNoHistogram() {
    for (var text : List.of("", "AAAA", "no base64!", "HISTFAAAAAB4nJNpmSzMwMDAxAABzFCaEQBMnQFS")) {
      var refusal =
          assertThrows(IllegalArgumentException.class, () -> LatencyRecorder.decode(text));
      var begin = "histogram: " + text.substring(0, Math.min(24, text.length()));
      assertTrue(String.valueOf(refusal.getMessage()).startsWith(begin), refusal.toString());
    }
  }
}
