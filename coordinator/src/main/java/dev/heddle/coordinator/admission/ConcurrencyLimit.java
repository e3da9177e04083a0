package dev.heddle.coordinator.admission;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.limit.AIMDLimit;
import com.netflix.concurrency.limits.limit.FixedLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How many requests may be in work at a time, which follows from what those before took: the
 * algorithms of Netflix' concurrency-limits. The owner guards it.
 *
 * <p>The default is {@link ProbedVegas}: in simulation ({@code AdmissionSimulationTest}; requests
 * of very different sizes, processors that all share) it keeps nearly all of the goodput at three
 * times the capacity, whatever the number of processors. Gradient2 compares with what was usual
 * lately, so under lasting load it takes the queue for usual, and drifts upwards; AIMD knows only
 * what it is told is late, and holds too many until then; a fixed number is right for one size of
 * machine.
 */
final class ConcurrencyLimit {
  private static final List<String> NAMES = List.of("vegas", "gradient2", "aimd", "fixed");

  /** Requests are judged by windows of this length … */
  private static final long WINDOW_NANOS = 100_000_000;

  /** … and longer, until there are so many in one. */
  private static final int WINDOW_SAMPLES = 30;

  /**
   * Of a window's requests, the share that must be late for all of it to count as late. There are
   * always some that ask for too much in too little time: were one enough, they would hold the
   * limit at its least. Gradient2 takes no notice of it.
   */
  private static final double LATE_SHARE = 0.1;

  /** Windows over which the long-term time of a query is averaged. */
  private static final int LONG_WINDOWS = 100;

  private final Limit limit;
  private final boolean windowed;
  private int samples;
  private int lates;
  private double logarithms;
  private int mostInFlight;
  private long windowEnd = WINDOW_NANOS;

  private ConcurrencyLimit(Limit limit, boolean windowed) {
    this.limit = limit;
    this.windowed = windowed;
  }

  static void checkName(String name) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "limit: " + name + " (expected: one of " + String.join(", ", NAMES) + ")");
    }
  }

  /** One that stays. */
  static ConcurrencyLimit fixed(int places) {
    return new ConcurrencyLimit(FixedLimit.of(places), false);
  }

  /**
   * As configured.
   *
   * @param most it is never above this
   */
  static ConcurrencyLimit of(AdmissionConfig config, int most) {
    int least = Math.min(config.least(), most);
    int first = Math.clamp(config.first(), least, most);
    return switch (config.limit()) {
      case "gradient2" ->
          new ConcurrencyLimit(
              Gradient2Limit.newBuilder()
                  .initialLimit(first)
                  .minLimit(least)
                  .maxConcurrency(most)
                  .longWindow(LONG_WINDOWS)
                  .rttTolerance(config.tolerance())
                  .build(),
              true);
      case "vegas" -> new ConcurrencyLimit(new ProbedVegas(least, first, most), true);
      case "aimd" ->
          new ConcurrencyLimit(
              AIMDLimit.newBuilder()
                  .initialLimit(first)
                  .minLimit(least)
                  .maxLimit(most)
                  .timeout(config.late().toNanos(), TimeUnit.NANOSECONDS)
                  .build(),
              false);
      default -> fixed(most);
    };
  }

  int places() {
    return limit.getLimit();
  }

  /**
   * A request is done.
   *
   * @param sinceStart when it got its place, in nanoseconds since the limit was made
   * @param nanos that it had it, at least 1
   * @param inFlight places taken when it got its own
   * @param late whether it came to its deadline, or someone behind it had no room
   */
  void sample(long sinceStart, long nanos, int inFlight, boolean late) {
    if (!windowed) {
      limit.onSample(sinceStart, nanos, inFlight, late);
      return;
    }
    samples++;
    lates += late ? 1 : 0;
    logarithms += Math.log((double) nanos);
    mostInFlight = Math.max(mostInFlight, inFlight);
    long end = sinceStart + nanos;
    if (end >= windowEnd && samples >= WINDOW_SAMPLES) {
      // A few large requests among many small ones hardly move the geometric mean.
      long mean = Math.max(1, (long) Math.exp(logarithms / samples));
      // What is cut off takes no longer than its deadline: its time alone would look like no queue.
      limit.onSample(sinceStart, mean, mostInFlight, lates >= LATE_SHARE * samples);
      samples = 0;
      lates = 0;
      logarithms = 0;
      mostInFlight = 0;
      windowEnd = end + WINDOW_NANOS;
    }
  }
}
