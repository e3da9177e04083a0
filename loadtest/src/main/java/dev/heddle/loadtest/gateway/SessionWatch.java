package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes of one attribute at a gateway, seen by a reader that asks another gateway again and again,
 * with a short rest after each answer, as it shares the machine: from the sending of each write to
 * the end of the first read that has it. A read that began after a write was acknowledged, and does
 * not have it, is stale.
 *
 * @param writer at one gateway
 * @param reader at the other
 */
record SessionWatch(Attributes writer, Attributes reader, Ticker ticker) {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final Duration REST = Duration.ofNanos(200_000);
  private static final String NAME = "watched";

  /**
   * What was seen.
   *
   * @param visible until a write was visible
   * @param acknowledged until it was acknowledged
   */
  record Outcome(LatencyRecorder visible, LatencyRecorder acknowledged, long reads, long stale) {}

  /** The reader's side, which one thread owns until it has ended. */
  private static final class Eyes {
    private final LatencyRecorder visible = new LatencyRecorder();
    private final Semaphore seen = new Semaphore(0);
    private final List<Throwable> failures = new ArrayList<>();
    private volatile long sentAt;

    /** The newest write that was acknowledged, and the newest that was sent. */
    private volatile long acknowledged;

    private volatile long sent;
    private volatile boolean over;
    private long reads;
    private long stale;
  }

  /** So many writes of a session, each when the one before was seen. */
  Outcome watch(String session, int writes) throws InterruptedException {
    writer.put(session, NAME, "0");
    var eyes = new Eyes();
    var acknowledged = new LatencyRecorder();
    var thread = Threads.named("watcher").newThread(() -> read(session, eyes));
    thread.start();
    try {
      for (long i = 1; i <= writes; i++) {
        long at = ticker.nanoTime();
        eyes.sentAt = at;
        eyes.sent = i;
        writer.put(session, NAME, Long.toString(i));
        eyes.acknowledged = i;
        acknowledged.record(ticker.nanoTime() - at);
        if (!eyes.seen.tryAcquire(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new HeddleException(
              ErrorCode.UNAVAILABLE,
              "write %d: not visible within %d s: %s"
                  .formatted(i, LIMIT.toSeconds(), eyes.failures));
        }
      }
    } finally {
      eyes.over = true;
      Joining.all(List.of(thread));
    }
    return new Outcome(eyes.visible, acknowledged, eyes.reads, eyes.stale);
  }

  private void read(String session, Eyes eyes) {
    long newest = 0;
    try {
      while (!eyes.over) {
        long least = eyes.acknowledged;
        var value = Optional.ofNullable(reader.get(session, NAME).get(NAME)).orElse("-1");
        long now = ticker.nanoTime();
        long got = Long.parseLong(value);
        eyes.reads++;
        if (got < least) {
          eyes.stale++;
        }
        if (got > newest) {
          newest = got;
          if (got == eyes.sent) {
            eyes.visible.record(now - eyes.sentAt);
            eyes.seen.release();
          }
        }
        LockSupport.parkNanos(REST.toNanos());
      }
    } catch (RuntimeException e) {
      eyes.failures.add(e);
    }
  }
}
