package dev.heddle.loadtest.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How long shards took no writes after nodes were killed, in milliseconds. Only kills of a leaf of
 * a calm cluster count, up to the next fault: all nodes served, all shards took writes, and none
 * was paused.
 *
 * @param led of shards whose leader was killed: until the first write that was acknowledged after;
 *     where none was, until the next fault or the end, so at least that
 * @param others of all other shards: the longest time without an acknowledgement in the same span,
 *     of six seconds at most
 * @param open how many of {@code led} did not end
 */
record Stalls(List<Double> led, List<Double> others, int open) {
  /** An answer that comes so long after the kill is not the dead leader's. */
  private static final long LATE_NANOS = Duration.ofMillis(100).toNanos();

  /** Shards that are not led from the killed node are watched for so long after it. */
  private static final long SPAN_NANOS = Duration.ofSeconds(6).toNanos();

  Stalls {
    led = List.copyOf(led);
    others = List.copyOf(others);
  }

  /**
   * @param acks of each shard, in order
   * @param endNanos when the clients stopped
   */
  static Stalls of(List<Fault> faults, Map<Integer, List<ShardProbe.Ack>> acks, long endNanos) {
    var led = new ArrayList<Double>();
    var others = new ArrayList<Double>();
    int open = 0;
    long pausedUntil = Long.MIN_VALUE;
    for (int i = 0; i < faults.size(); i++) {
      var fault = faults.get(i);
      if (fault.pause()) {
        pausedUntil = Math.max(pausedUntil, fault.atNanos() + fault.step().time().toNanos());
      }
      boolean calm = fault.step().calm() && fault.atNanos() >= pausedUntil;
      boolean counts = fault.kill() && fault.leaf() && calm && !fault.everyone();
      if (!counts) {
        continue;
      }
      long end = i + 1 < faults.size() ? faults.get(i + 1).atNanos() : endNanos;
      for (var shard : acks.entrySet()) {
        if (fault.led().contains(shard.getKey())) {
          long first = firstAfter(shard.getValue(), fault.atNanos(), end);
          if (first < 0) {
            open++;
          }
          led.add(millis((first < 0 ? end : first) - fault.atNanos()));
        } else {
          long span = Math.min(end, fault.atNanos() + SPAN_NANOS);
          others.add(millis(longestGap(shard.getValue(), fault.atNanos(), span)));
        }
      }
    }
    return new Stalls(led, others, open);
  }

  private static long firstAfter(List<ShardProbe.Ack> acks, long kill, long end) {
    for (var ack : acks) {
      boolean after = ack.invoked() >= kill || ack.returned() >= kill + LATE_NANOS;
      if (after && ack.returned() <= end) {
        return ack.returned();
      }
    }
    return -1;
  }

  private static long longestGap(List<ShardProbe.Ack> acks, long from, long to) {
    long last = from;
    long longest = 0;
    for (var ack : acks) {
      if (ack.returned() > from && ack.returned() <= to) {
        longest = Math.max(longest, ack.returned() - last);
        last = ack.returned();
      }
    }
    return Math.max(longest, to - last);
  }

  private static double millis(long nanos) {
    return Math.round(nanos / 1e4) / 100.0;
  }

  /**
   * The value that the part {@code quantile} of all does not exceed; 0 where there are none.
   *
   * @param quantile 0..1
   */
  static double quantile(List<Double> values, double quantile) {
    if (values.isEmpty()) {
      return 0;
    }
    var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int rank = (int) Math.ceil(quantile * sorted.length);
    return sorted[Math.clamp(rank - 1, 0, sorted.length - 1)];
  }

  static double most(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
  }
}
