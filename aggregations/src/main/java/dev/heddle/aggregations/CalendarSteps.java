package dev.heddle.aggregations;

import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;
import java.util.Arrays;

/**
 * Where the steps of a calendar begin, in milliseconds since 1970. A zone's history is cut into
 * spans in which one step lasts and the clocks are not changed; spans that were seen are kept, so
 * that the calendar is asked once for each, and a binary search does for the rest.
 *
 * <p>An hour that comes twice, when clocks are set back, is two steps; a day that is longer or
 * shorter is one.
 */
final class CalendarSteps {
  private static final int MONTHS_A_QUARTER = 3;

  private final Unit unit;
  private final ZoneId zone;
  private long[] firsts = new long[16];
  private long[] lasts = new long[16];
  private long[] starts = new long[16];
  private int size;
  private int latest;

  CalendarSteps(Step.Calendar step) {
    this.unit = step.unit();
    this.zone = step.zone();
  }

  /** Where the step of this time begins. */
  long start(long time) {
    if (size > 0 && firsts[latest] <= time && time <= lasts[latest]) {
      return starts[latest];
    }
    int at = Arrays.binarySearch(firsts, 0, size, time);
    int place = at >= 0 ? at : -at - 2;
    if (place < 0 || time > lasts[place]) {
      place = insert(place + 1, time);
    }
    latest = place;
    return starts[place];
  }

  private int insert(int place, long time) {
    if (size == firsts.length) {
      firsts = Arrays.copyOf(firsts, 2 * size);
      lasts = Arrays.copyOf(lasts, 2 * size);
      starts = Arrays.copyOf(starts, 2 * size);
    }
    System.arraycopy(firsts, place, firsts, place + 1, size - place);
    System.arraycopy(lasts, place, lasts, place + 1, size - place);
    System.arraycopy(starts, place, starts, place + 1, size - place);
    size++;
    var instant = Instant.ofEpochMilli(time);
    var rules = zone.getRules();
    var offset = rules.getOffset(instant);
    var local = floor(LocalDateTime.ofInstant(instant, offset));
    long first = millis(local, offset);
    long end = millis(next(local), offset);
    var before = rules.previousTransition(instant.plusNanos(1));
    if (before != null) {
      first = Math.max(first, millis(before.getInstant()));
    }
    var after = rules.nextTransition(instant);
    if (after != null) {
      end = Math.min(end, millis(after.getInstant()));
    }
    firsts[place] = first;
    lasts[place] = end == Long.MAX_VALUE ? end : end - 1;
    starts[place] =
        unit == Unit.MINUTE || unit == Unit.HOUR ? first : millis(local.atZone(zone).toInstant());
    return place;
  }

  /** Where the step after the one that begins here begins. */
  long end(long start) {
    var instant = Instant.ofEpochMilli(start);
    var rules = zone.getRules();
    var offset = rules.getOffset(instant);
    var next = next(floor(LocalDateTime.ofInstant(instant, offset)));
    if (unit != Unit.MINUTE && unit != Unit.HOUR) {
      return millis(next.atZone(zone).toInstant());
    }
    long end = millis(next, offset);
    var after = rules.nextTransition(instant);
    return after == null ? end : Math.min(end, millis(after.getInstant()));
  }

  private static long millis(LocalDateTime local, ZoneOffset offset) {
    return millis(local.toInstant(offset));
  }

  /** At either end of the longs, the end. */
  private static long millis(Instant instant) {
    try {
      return instant.toEpochMilli();
    } catch (ArithmeticException e) {
      return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  private LocalDateTime floor(LocalDateTime time) {
    var day = time.truncatedTo(ChronoUnit.DAYS);
    return switch (unit) {
      case MINUTE -> time.truncatedTo(ChronoUnit.MINUTES);
      case HOUR -> time.truncatedTo(ChronoUnit.HOURS);
      case DAY -> day;
      case WEEK -> day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
      case MONTH -> day.withDayOfMonth(1);
      case QUARTER ->
          day.withDayOfMonth(1)
              .withMonth((day.getMonthValue() - 1) / MONTHS_A_QUARTER * MONTHS_A_QUARTER + 1);
      case YEAR -> day.withDayOfYear(1);
    };
  }

  private LocalDateTime next(LocalDateTime start) {
    return switch (unit) {
      case MINUTE -> start.plusMinutes(1);
      case HOUR -> start.plusHours(1);
      case DAY -> start.plusDays(1);
      case WEEK -> start.plusWeeks(1);
      case MONTH -> start.plusMonths(1);
      case QUARTER -> start.plusMonths(MONTHS_A_QUARTER);
      case YEAR -> start.plusYears(1);
    };
  }
}
