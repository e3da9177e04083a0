package dev.heddle.function;

import dev.heddle.function.ShardSummary.Bounds;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a query can match where only a summary is known. In doubt it can; what is wrong with a
 * query is for the shard to say.
 */
final class SummaryMatch {
  private static final long DAY_MILLIS = 86_400_000;

  private SummaryMatch() {}

  static boolean mayMatch(Query query, ShardSummary summary) {
    return switch (query) {
      case Query.Term term -> term(term, summary);
      case Query.Range range -> range(range, summary);
      case Query.Exists exists ->
          summary.bounds(exists.field()).map(bounds -> !bounds.empty()).orElse(true);
      case Query.Bool bool -> bool(bool, summary);
      case Query.All all -> true;
      case Query.Match match -> true;
      case Query.Phrase phrase -> true;
      case Query.Prefix prefix -> true;
      case Query.GeoDistance near -> true;
    };
  }

  private static boolean bool(Query.Bool bool, ShardSummary summary) {
    boolean optional = !bool.must().isEmpty() || !bool.filter().isEmpty();
    return all(bool.must(), summary)
        && all(bool.filter(), summary)
        && (optional
            || bool.should().isEmpty()
            || bool.should().stream().anyMatch(part -> mayMatch(part, summary)));
  }

  private static boolean all(List<Query> parts, ShardSummary summary) {
    return parts.stream().allMatch(part -> mayMatch(part, summary));
  }

  private static boolean term(Query.Term term, ShardSummary summary) {
    Optional<Bounds> bounds = summary.bounds(term.field());
    if (bounds.isPresent()) {
      var first = edge(term.value(), false);
      var last = edge(term.value(), true);
      return first == null || last == null || bounds.get().meets(first, last);
    }
    return switch (term.value()) {
      case String text -> summary.mayHave(term.field(), text);
      case Boolean flag -> summary.mayHave(term.field(), flag.toString());
      default -> true;
    };
  }

  private static boolean range(Query.Range range, ShardSummary summary) {
    Optional<Bounds> bounds = summary.bounds(range.field());
    if (bounds.isEmpty()) {
      return true;
    }
    // Open ends are taken as closed: at worst a shard is asked in vain.
    var from = range.gte() != null ? range.gte() : range.gt();
    var to = range.lte() != null ? range.lte() : range.lt();
    var first = from == null ? Double.valueOf(Double.NEGATIVE_INFINITY) : edge(from, false);
    var last = to == null ? Double.valueOf(Double.POSITIVE_INFINITY) : edge(to, true);
    return first == null || last == null || bounds.get().meets(first, last);
  }

  /** The value as a number, a day as its first or last millisecond; null: not to be made out. */
  private static @Nullable Double edge(Object value, boolean last) {
    return switch (value) {
      case Number number -> Double.isNaN(number.doubleValue()) ? null : number.doubleValue();
      case String text -> millis(text, last);
      default -> null;
    };
  }

  private static @Nullable Double millis(String text, boolean last) {
    try {
      if (text.indexOf('T') < 0) {
        long first = LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        return (double) (last ? first + DAY_MILLIS - 1 : first);
      }
      var instant =
          text.endsWith("Z") ? Instant.parse(text) : OffsetDateTime.parse(text).toInstant();
      return (double) instant.toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      return null;
    }
  }
}
