package dev.heddle.coordinator.scatter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.heddle.process.Ticker;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.IntCountsHistogram;

/**
 * A call is late once it takes longer than a quantile of the calls of the last 10 to 20 seconds
 * over the same dataset by the same function, whichever node they went to: so a node that is slow
 * does not excuse itself. Calls that were outrun count with the time they had had, which is less
 * than they would have taken. As long as there are less than 100, none is late.
 *
 * <p>Times are kept in two HdrHistograms with two digits, the one of now and the one before. Keeps
 * those of 1,000 pairs of dataset and function, the ones used last.
 */
public final class PercentileHedging implements HedgingPolicy {
  /** What a config calls it by. */
  public static final String NAME = "percentile";

  private static final int MOST = 1_000;
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long MOST_MICROS = TimeUnit.HOURS.toMicros(1);
  private static final int DIGITS = 2;
  private static final int ENOUGH = 100;

  /** The quantile is reckoned anew after so many calls. */
  private static final int EVERY = 32;

  private final Settings settings;
  private final Ticker ticker;
  private final Cache<Key, Times> calls = Caffeine.newBuilder().maximumSize(MOST).build();

  public PercentileHedging(Settings settings, Ticker ticker) {
    this.settings = settings;
    this.ticker = ticker;
  }

  @Override
  public Calls of(String datasetId, String function) {
    return calls.get(new Key(datasetId, function), key -> new Times());
  }

  @Override
  public void retain(Set<String> datasetIds) {
    calls.asMap().keySet().removeIf(key -> !datasetIds.contains(key.datasetId()));
  }

  private record Key(String datasetId, String function) {}

  private final class Times implements Calls {
    /** Guarded by this, as is what follows. */
    private IntCountsHistogram now = new IntCountsHistogram(1, MOST_MICROS, DIGITS);

    private IntCountsHistogram before = new IntCountsHistogram(1, MOST_MICROS, DIGITS);
    private long turnedNanos = ticker.nanoTime();
    private int news;

    private volatile long delayNanos = NEVER;

    @Override
    public long delayNanos(String node, int shards) {
      return delayNanos;
    }

    @Override
    public void answered(String node, int shards, long nanos) {
      took(nanos);
    }

    @Override
    public void outrun(String node, int shards, long nanos) {
      took(nanos);
    }

    private synchronized void took(long nanos) {
      now.recordValue(Math.clamp(nanos / 1_000, 1, MOST_MICROS));
      if (++news >= EVERY) {
        news = 0;
        reckon();
      }
    }

    private void reckon() {
      var both = before.copy();
      both.add(now);
      if (both.getTotalCount() >= ENOUGH) {
        long micros = both.getValueAtPercentile(settings.quantile() * 100);
        delayNanos = Math.max(settings.least().toNanos(), micros * 1_000);
      }
      if (ticker.nanoTime() - turnedNanos >= WINDOW_NANOS) {
        var oldest = before;
        before = now;
        oldest.reset();
        now = oldest;
        turnedNanos = ticker.nanoTime();
      }
    }
  }
}
