package dev.heddle.aggregations;

import dev.heddle.function.BadRequestException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;

/**
 * ISO-8601 dates and times of any precision from the year on, in UTC unless they name an offset.
 */
final class IsoDates {
  private IsoDates() {}

  /** Milliseconds since 1970 at the beginning of what the text names. */
  static long millis(String path, String text) {
    try {
      return switch (parse(text)) {
        case OffsetDateTime time -> time.toInstant().toEpochMilli();
        case LocalDateTime time -> time.toInstant(ZoneOffset.UTC).toEpochMilli();
        case LocalDate date -> millis(date);
        case YearMonth month -> millis(month.atDay(1));
        case Year year -> millis(year.atDay(1));
        case TemporalAccessor other -> throw new DateTimeException(other.toString());
      };
    } catch (DateTimeException | ArithmeticException e) {
      throw new BadRequestException(
          path
              + ": "
              + text
              + " (expected: an ISO-8601 date such as 1969-07-20 or 1969-07-20T20:17:40Z)");
    }
  }

  private static long millis(LocalDate date) {
    return date.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
  }

  private static TemporalAccessor parse(String text) {
    if (text.indexOf('T') > 0) {
      return DateTimeFormatter.ISO_DATE_TIME.parseBest(
          text, OffsetDateTime::from, LocalDateTime::from);
    }
    int dashes = (int) text.chars().skip(1).filter(c -> c == '-').count();
    return switch (dashes) {
      case 0 -> Year.parse(text);
      case 1 -> YearMonth.parse(text);
      default -> LocalDate.parse(text);
    };
  }
}
