package dev.heddle.gateway.connection;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * Connections that survive their sockets.
 *
 * @param window how long one survives, at most: apps may say less; zero: none does
 * @param history bytes of frames that are kept for one until its client has read them
 * @param pollWait how long a poll waits for a frame; below the HTTP idle timeout
 * @param heartbeat how often a stream of events says that it lives; below the HTTP idle timeout
 * @param takeOver how long a gateway waits for the call that an earlier one has in flight
 * @param pollLinger how long a connection stays where it is after the answer to a poll, for the
 *     next one to find it there; zero: not at all
 * @param lingering connections of a gateway that do so at once; others do not
 */
public record ResumeConfig(
    Duration window,
    DataSize history,
    Duration pollWait,
    Duration heartbeat,
    Duration takeOver,
    Duration pollLinger,
    int lingering) {
  public ResumeConfig {
    if (window.isNegative() || window.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("window: " + window + " (expected: 0s..1d)");
    }
    if (history.bytes() < 1_024 || history.bytes() > 16 << 20) {
      throw new IllegalArgumentException("history: " + history + " (expected: 1KiB..16MiB)");
    }
    check("poll-wait", pollWait, Duration.ofSeconds(60));
    check("heartbeat", heartbeat, Duration.ofSeconds(60));
    check("take-over", takeOver, Duration.ofMinutes(15));
    if (pollLinger.isNegative() || pollLinger.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException("poll-linger: " + pollLinger + " (expected: 0s..1m)");
    }
    if (lingering < 1 || lingering > 10_000_000) {
      throw new IllegalArgumentException("lingering: " + lingering + " (expected: 1..10000000)");
    }
  }

  private static void check(String name, Duration value, Duration most) {
    if (value.compareTo(Duration.ofMillis(10)) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: 10ms.." + most.toSeconds() + "s)");
    }
  }

  /** The documented defaults. */
  public static ResumeConfig defaults() {
    return new ResumeConfig(
        Duration.ofSeconds(60),
        DataSize.parse("64KiB"),
        Duration.ofSeconds(25),
        Duration.ofSeconds(15),
        Duration.ofSeconds(60),
        Duration.ofSeconds(3),
        10_000);
  }
}
