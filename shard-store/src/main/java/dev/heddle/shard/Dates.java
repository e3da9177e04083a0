package dev.heddle.shard;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/** ISO-8601 dates and instants as milliseconds since 1970, UTC. */
final class Dates {
  static final String EXPECTED = "an ISO-8601 date or instant";

  private Dates() {}

  /**
   * The span that a text names, both ends included: a date is a whole day, an instant one
   * millisecond.
   */
  record Span(long first, long last) {}

  /** Empty: not a date, nor an instant with its offset, or too far from 1970. */
  static Optional<Span> parse(String text) {
    try {
      if (text.indexOf('T') < 0) {
        LocalDate date = LocalDate.parse(text);
        long first = date.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        return Optional.of(new Span(first, Math.addExact(first, 86_399_999L)));
      }
      Instant instant =
          text.endsWith("Z") ? Instant.parse(text) : OffsetDateTime.parse(text).toInstant();
      return Optional.of(new Span(instant.toEpochMilli(), instant.toEpochMilli()));
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }
}
