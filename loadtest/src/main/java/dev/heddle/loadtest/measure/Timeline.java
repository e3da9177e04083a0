package dev.heddle.loadtest.measure;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many operations ended in each stretch of time since a beginning. The stretches have 10 ms at
 * first and double whenever there would be more than {@value #MOST} of them, so that a timeline of
 * a second and one of a day take the same memory. Owned by one thread.
 */
public final class Timeline {
  static final int MOST = 240;
  private static final long FIRST_NANOS = 10_000_000;

  private final long[] counts = new long[MOST];
  private long width = FIRST_NANOS;
  private int used;

  /**
   * The timeline with these figures.
   *
   * @param widthNanos of a stretch: 10 ms times a power of two
   * @param counts of the stretches in order, at most {@value #MOST}
   */
  public static Timeline of(long widthNanos, List<Long> counts) {
    long times = widthNanos / FIRST_NANOS;
    if (widthNanos % FIRST_NANOS != 0 || Long.bitCount(times) != 1) {
      throw new IllegalArgumentException(
          "width: " + widthNanos + " (expected: 10 ms times a power of two, in nanoseconds)");
    }
    if (counts.size() > MOST || counts.stream().anyMatch(count -> count < 0)) {
      throw new IllegalArgumentException(
          "counts: " + counts.size() + " (expected: at most " + MOST + ", none below 0)");
    }
    var timeline = new Timeline();
    timeline.width = widthNanos;
    for (long count : counts) {
      timeline.counts[timeline.used++] = count;
    }
    return timeline;
  }

  /**
   * Counts an operation.
   *
   * @param nanos from the beginning to its end; what ended before the beginning counts as at it
   */
  public void record(long nanos) {
    put(Math.max(0, nanos), 1);
  }

  private void put(long nanos, long count) {
    while (nanos / width >= MOST) {
      widen();
    }
    int at = (int) (nanos / width);
    counts[at] += count;
    used = Math.max(used, at + 1);
  }

  private void widen() {
    for (int i = 0; i < MOST; i++) {
      int first = 2 * i;
      counts[i] = first < MOST ? counts[first] + counts[first + 1] : 0;
    }
    used = (used + 1) / 2;
    width *= 2;
  }

  /** Adds all of another one that has the same beginning; the other stays as it is. */
  public void add(Timeline other) {
    while (width < other.width) {
      widen();
    }
    for (int i = 0; i < other.used; i++) {
      put(i * other.width, other.counts[i]);
    }
  }

  /** Nanoseconds of each stretch. */
  public long widthNanos() {
    return width;
  }

  /** The stretches from the beginning to the last one in which something ended. */
  public List<Long> counts() {
    return Arrays.stream(counts, 0, used).boxed().toList();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Timeline timeline
        && width == timeline.width
        && counts().equals(timeline.counts());
  }

  @Override
  public int hashCode() {
    return counts().hashCode();
  }
}
