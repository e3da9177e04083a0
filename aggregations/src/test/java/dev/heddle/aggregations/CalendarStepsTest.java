package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Aggregation.DateHistogram;
import dev.heddle.function.Aggregation.Histogram;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CalendarStepsTest {
  private final long seed = new Random().nextLong();

  private static String start(Unit unit, String zone, String time) {
    var steps = new CalendarSteps(Step.Calendar.of(unit, zone));
    return ValueKind.date(steps.start(Instant.parse(time).toEpochMilli()));
  }

  @Test
  void beginsUnitsWhereTheZoneDoes() {
    assertEquals("2026-11-21T10:17:00Z", start(Unit.MINUTE, "UTC", "2026-11-21T10:17:59.999Z"));
    assertEquals("2026-11-20T23:00:00Z", start(Unit.DAY, "Europe/Berlin", "2026-11-21T10:17:59Z"));
    assertEquals("2026-11-16T00:00:00Z", start(Unit.WEEK, "UTC", "2026-11-22T23:59:59Z"));
    assertEquals("2026-10-01T00:00:00Z", start(Unit.QUARTER, "UTC", "2026-12-31T00:00:00Z"));
    assertEquals(
        "2026-09-30T22:00:00Z", start(Unit.QUARTER, "Europe/Berlin", "2026-12-31T00:00:00Z"));
    assertEquals("0044-01-01T00:00:00Z", start(Unit.YEAR, "UTC", "0044-03-15T00:00:00Z"));
    assertEquals("1969-12-31T23:00:00Z", start(Unit.HOUR, "UTC", "1969-12-31T23:59:59.999Z"));
  }

  @Test
  void countsAnHourThatComesTwiceTwice() {
    // Clocks in Berlin went from 3:00 back to 2:00 at 1:00 UTC.
    assertEquals("2026-10-25T00:00:00Z", start(Unit.HOUR, "Europe/Berlin", "2026-10-25T00:30:00Z"));
    assertEquals("2026-10-25T01:00:00Z", start(Unit.HOUR, "Europe/Berlin", "2026-10-25T01:30:00Z"));
    // On Lord Howe Island by half an hour only, at 15:00 UTC: from 2:00 to 1:30.
    var zone = "Australia/Lord_Howe";
    assertEquals("2026-04-04T14:00:00Z", start(Unit.HOUR, zone, "2026-04-04T14:59:00Z"));
    assertEquals("2026-04-04T15:00:00Z", start(Unit.HOUR, zone, "2026-04-04T15:20:00Z"));
    assertEquals("2026-04-04T15:30:00Z", start(Unit.HOUR, zone, "2026-04-04T15:40:00Z"));
  }

  @Test
  void daysMayBeLongerShorterOrBeginLate() {
    var day = new DateHistogram("at", Step.Calendar.of(Unit.DAY, "Europe/Berlin"));
    long start = Instant.parse("2026-10-24T22:00:00Z").toEpochMilli();
    assertEquals(Duration.ofHours(25).toMillis(), Steps.end(day, start) - start);
    long spring = Instant.parse("2026-03-28T23:00:00Z").toEpochMilli();
    assertEquals(Duration.ofHours(23).toMillis(), Steps.end(day, spring) - spring);
    // Clocks in Cairo went from midnight to one o'clock.
    assertEquals("2026-04-23T22:00:00Z", start(Unit.DAY, "Africa/Cairo", "2026-04-24T12:00:00Z"));
  }

  @Test
  void stepsFollowEachOtherWithoutGapsInAnyZone() {
    var random = new Random(seed);
    for (var zone :
        List.of("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Gaza")) {
      for (var unit : Unit.values()) {
        var histogram = new DateHistogram("at", Step.Calendar.of(unit, zone));
        var warm = new CalendarSteps((Step.Calendar) histogram.step());
        for (int i = 0; i < 300; i++) {
          long time = random.nextLong(-5_000_000_000_000L, 5_000_000_000_000L);
          var message = unit + " " + zone + " " + time + " seed " + seed;
          long start = warm.start(time);
          assertEquals(
              new CalendarSteps((Step.Calendar) histogram.step()).start(time), start, message);
          assertEquals(start, warm.start(start), message);
          long end = Steps.end(histogram, start);
          assertTrue(start <= time && time < end, message + " " + start + ".." + end);
          assertEquals(end, warm.start(end), message);
          assertEquals(start, warm.start(end - 1), message);
        }
      }
    }
  }

  @Test
  void holdsAtTheEndsOfTime() {
    for (var unit : Unit.values()) {
      var steps = new CalendarSteps(new Step.Calendar(unit, ZoneId.of("America/New_York")));
      assertTrue(steps.start(Long.MAX_VALUE) > 0);
      assertEquals(steps.start(Long.MAX_VALUE), steps.start(Long.MAX_VALUE));
      assertEquals(Long.MIN_VALUE, steps.start(Long.MIN_VALUE));
    }
    var fixed =
        Steps.ofDates(
            new DateHistogram("at", new Step.Fixed(Duration.ofHours(7), Duration.ofHours(-2))));
    assertEquals(Long.MIN_VALUE, fixed.key(Long.MIN_VALUE));
    assertTrue(fixed.key(Long.MAX_VALUE) > 0);
  }

  @Test
  void fixedStepsCountFromTheOffset() {
    var histogram =
        new DateHistogram("at", new Step.Fixed(Duration.ofHours(6), Duration.ofHours(-1)));
    long time = Instant.parse("1970-01-01T04:59:59.999Z").toEpochMilli();
    long start = Steps.ofDates(histogram).key(time);
    assertEquals("1969-12-31T23:00:00Z", ValueKind.date(start));
    assertEquals("1970-01-01T05:00:00Z", ValueKind.date(Steps.end(histogram, start)));
    assertEquals(Steps.end(histogram, start), Steps.ofDates(histogram).key(time + 1));
  }

  @Test
  void wholeStepsOfLongsAreExact() {
    var tens = new Histogram("n", 10, 3, Map.of());
    var key = Steps.ofLongs("aggs.x", tens);
    assertEquals(-1, key.key(2));
    assertEquals(0, key.key(3));
    assertEquals(0, key.key(12));
    assertEquals(3L, Steps.start(tens, 0));
    assertEquals(-7L, Steps.start(tens, key.key(2)));
    var ones = Steps.ofLongs("aggs.x", new Histogram("n", 1));
    assertEquals(Long.MAX_VALUE - 1, ones.key(Long.MAX_VALUE - 1));
    assertEquals(Long.MIN_VALUE, ones.key(Long.MIN_VALUE));
  }
}
