package dev.heddle.process;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one moment by which a request must be answered, in the time of a {@link Ticker}: pass what
 * remains, never a fresh timeout.
 */
public record Deadline(long atNanos) {
  /** Far enough for anything, near enough that differences never overflow. */
  private static final long LONGEST_NANOS = TimeUnit.DAYS.toNanos(365L * 50);

  public static Deadline after(Duration time, Ticker ticker) {
    return new Deadline(ticker.nanoTime() + nanos(time));
  }

  /** The deadline of a gRPC call, or {@code otherwise} from now where it has none. */
  public static Deadline ofGrpc(
      io.grpc.@Nullable Deadline deadline, Duration otherwise, Ticker ticker) {
    if (deadline == null) {
      return after(otherwise, ticker);
    }
    long remaining = deadline.timeRemaining(TimeUnit.NANOSECONDS);
    return new Deadline(ticker.nanoTime() + Math.clamp(remaining, -LONGEST_NANOS, LONGEST_NANOS));
  }

  /** What is left; zero or negative once expired. */
  public long remainingNanos(Ticker ticker) {
    return atNanos - ticker.nanoTime();
  }

  /** What is left; zero once expired. */
  public Duration remaining(Ticker ticker) {
    return Duration.ofNanos(Math.max(0, remainingNanos(ticker)));
  }

  public boolean expired(Ticker ticker) {
    return remainingNanos(ticker) <= 0;
  }

  /** The one of both that comes first. */
  public Deadline earlier(Deadline other) {
    return atNanos - other.atNanos <= 0 ? this : other;
  }

  /** The same moment for a gRPC call that starts now. */
  public io.grpc.Deadline toGrpc(Ticker ticker) {
    return io.grpc.Deadline.after(remainingNanos(ticker), TimeUnit.NANOSECONDS);
  }

  private static long nanos(Duration time) {
    return time.compareTo(Duration.ofNanos(LONGEST_NANOS)) >= 0 ? LONGEST_NANOS : time.toNanos();
  }
}
