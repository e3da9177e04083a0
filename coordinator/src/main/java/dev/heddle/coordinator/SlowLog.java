package dev.heddle.coordinator;

import dev.heddle.process.RequestContext;
import java.time.Duration;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line for each query that took too long, with all that is needed to see why: logger {@code
 * dev.heddle.slow}. Holds neither the query nor its answer. Safe for many threads.
 */
final class SlowLog {
  private static final Logger log = LoggerFactory.getLogger("dev.heddle.slow");

  /** Calls told of each query: those that took longest. */
  private static final int MOST_CALLS = 8;

  private final long leastNanos;

  /**
   * Creates the log.
   *
   * @param least time of a slow query; zero: none is
   */
  SlowLog(Duration least) {
    this.leastNanos = least.toNanos();
  }

  /** Tells of a query that was slow. */
  void answered(String dataset, String function, QueryAnswer answer) {
    if (leastNanos == 0 || answer.tookNanos() < leastNanos || !log.isInfoEnabled()) {
      return;
    }
    log.info("{}", line(dataset, function, RequestContext.current().tenant(), answer));
  }

  /** Tells of a query that failed slowly. */
  void failed(String dataset, String function, long tookNanos, RuntimeException failure) {
    if (leastNanos == 0 || tookNanos < leastNanos || !log.isInfoEnabled()) {
      return;
    }
    var context = RequestContext.current();
    log.info(
        "slow query failed trace={} tenant={} dataset={} function={} tookMicros={} error=\"{}\"",
        context.trace().traceId(),
        context.tenant(),
        dataset,
        function,
        tookNanos / 1_000,
        quoted(String.valueOf(failure.getMessage())));
  }

  static String line(String dataset, String function, String tenant, QueryAnswer answer) {
    var coverage = answer.coverage();
    var bill = answer.bill();
    var line = new StringBuilder(512);
    line.append(
        String.format(
            Locale.ROOT,
            "slow query trace=%s tenant=%s dataset=%s function=%s tookMicros=%d seen=%d target=%d"
                + " answered=%d skipped=%d total=%d cpuMicros=%d queueMicros=%d documents=%d",
            answer.traceId(),
            tenant,
            dataset,
            function,
            answer.tookNanos() / 1_000,
            coverage.seen(),
            coverage.target(),
            coverage.answered(),
            coverage.skipped(),
            coverage.total(),
            bill.cpuNanos() / 1_000,
            bill.queueNanos() / 1_000,
            bill.documentsScanned()));
    answer
        .explanation()
        .ifPresent(how -> {
          line.append(
              String.format(
                  Locale.ROOT,
                  " waitMicros=%d planMicros=%d scatterMicros=%d finishMicros=%d"
                      + " statisticsRounds=%d hedgeAfterMicros=%d hedged=%d denied=%d calls=%d",
                  how.admission().waitMicros(),
                  how.planMicros(),
                  how.scatterMicros(),
                  how.finishMicros(),
                  how.statisticsRounds(),
                  how.hedgeAfterMicros(),
                  how.hedged(),
                  how.denied(),
                  how.attempts().size()));
          line.append(" slowest=\"").append(slowest(how)).append('"');
        });
    if (!coverage.missing().isEmpty()) {
      line.append(" missing=\"")
          .append(
              coverage.missing().stream()
                  .limit(MOST_CALLS)
                  .map(gap -> gap.shard() + " " + gap.reason())
                  .collect(Collectors.joining(", ")))
          .append('"');
    }
    return line.toString();
  }

  private static String slowest(QueryAnswer.Explanation how) {
    return how.attempts().stream()
        .sorted(Comparator.comparingLong(attempt -> attempt.sentNanos - attempt.endNanos))
        .limit(MOST_CALLS)
        .map(attempt ->
            String.format(
                Locale.ROOT,
                "%s %s %s sent=%d took=%d queue=%d active=%d shards=%d",
                attempt.name(),
                attempt.kind.name().toLowerCase(Locale.ROOT),
                attempt.end.name().toLowerCase(Locale.ROOT),
                how.micros(attempt.sentNanos),
                (attempt.endNanos - attempt.sentNanos) / 1_000,
                attempt.queueMicros,
                attempt.activeMicros,
                attempt.leaf.shards().size()))
        .collect(Collectors.joining("; "));
  }

  private static String quoted(String text) {
    return text.replace('"', '\'').replace('\n', ' ');
  }
}
