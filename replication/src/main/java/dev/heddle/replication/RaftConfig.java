package dev.heddle.replication;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * Timing and bounds of a node's replication, the same for all of its groups.
 *
 * @param electionMin shortest time without a word from the leader after which a member stands for
 *     election; a leader speaks at least twice in it; 1s
 * @param electionMax longest such time; the members draw between the two; 2s
 * @param firstElectionMin the same, for the first election after a start; 200ms
 * @param firstElectionMax its longest time; 600ms
 * @param callTimeout of one call between members; 3s
 * @param readTimeout of a {@link ReplicatedGroup#barrier}; 10s
 * @param segment size of a log file; the newest two of each group are in memory; 4MiB
 * @param retained entries of a log that are kept although the replica has them durably, for members
 *     that lag a little; 1,024
 * @param pendingEntries proposals of one group that may wait; 1,024
 * @param pendingBytes bytes of theirs; 16MiB
 */
public record RaftConfig(
    Duration electionMin,
    Duration electionMax,
    Duration firstElectionMin,
    Duration firstElectionMax,
    Duration callTimeout,
    Duration readTimeout,
    DataSize segment,
    int retained,
    int pendingEntries,
    DataSize pendingBytes) {
  public RaftConfig {
    span("election", electionMin, electionMax);
    span("first-election", firstElectionMin, firstElectionMax);
    positive("call-timeout", callTimeout);
    positive("read-timeout", readTimeout);
    range("segment", segment.bytes(), 1 << 20, 1 << 30);
    range("retained", retained, 0, 10_000_000);
    range("pending-entries", pendingEntries, 1, 1_000_000);
    range("pending-bytes", pendingBytes.bytes(), 1 << 20, 1 << 30);
  }

  public static RaftConfig defaults() {
    return new RaftConfig(
        Duration.ofMillis(1_000),
        Duration.ofMillis(2_000),
        Duration.ofMillis(200),
        Duration.ofMillis(600),
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        DataSize.ofMiB(4),
        1_024,
        1_024,
        DataSize.ofMiB(16));
  }

  /** With other election times, for the first election too. */
  public RaftConfig withElections(Duration min, Duration max) {
    return new RaftConfig(
        min,
        max,
        min,
        max,
        callTimeout,
        readTimeout,
        segment,
        retained,
        pendingEntries,
        pendingBytes);
  }

  /** With another number of entries kept for members that lag. */
  public RaftConfig withRetained(int entries) {
    return new RaftConfig(
        electionMin,
        electionMax,
        firstElectionMin,
        firstElectionMax,
        callTimeout,
        readTimeout,
        segment,
        entries,
        pendingEntries,
        pendingBytes);
  }

  private static void span(String name, Duration min, Duration max) {
    positive(name + "-min", min);
    if (max.compareTo(min) < 0 || max.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException(
          name
              + "-max: "
              + DurationFormat.format(max)
              + " (expected: "
              + DurationFormat.format(min)
              + "..1m)");
    }
  }

  private static void positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(
          name + ": " + DurationFormat.format(value) + " (expected: > 0)");
    }
  }

  private static void range(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }
}
