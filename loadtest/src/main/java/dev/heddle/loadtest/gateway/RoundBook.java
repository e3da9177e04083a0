package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who has got what was published: in each round one frame for every receiver, which says in which
 * round and when it was sent. What comes twice, in another round, or not at all is a failure.
 * Thread-safe.
 */
final class RoundBook {
  private static final int BYTES = 128;
  private static final int MOST_FAILURES = 10;

  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition all = lock.newCondition();

  /** Guarded by the lock, as what follows: the last round that each receiver has got. */
  private final int[] got;

  private final List<String> failures = new ArrayList<>();
  private LatencyRecorder each = new LatencyRecorder();
  private LatencyRecorder last = new LatencyRecorder();
  private int round;
  private int missing;
  private long began;

  /**
   * What some rounds took.
   *
   * @param each from sending to receiving, of each receiver
   * @param last from the first sending to the last receiver, of each round
   */
  record Outcome(LatencyRecorder each, LatencyRecorder last, List<String> failures) {
    /** All of it as one line, for another process. */
    String encoded() {
      return JsonMapper.shared()
          .writeValueAsString(
              Map.of("each", each.encoded(), "last", last.encoded(), "failures", failures));
    }

    /** What {@link #encoded} has made. */
    static Outcome decode(String line) {
      var json = JsonMapper.shared().readTree(line);
      var failures = new ArrayList<String>();
      json.path("failures").forEach(each -> failures.add(each.asString("")));
      return new Outcome(
          LatencyRecorder.decode(json.path("each").asString("")),
          LatencyRecorder.decode(json.path("last").asString("")),
          List.copyOf(failures));
    }
  }

  RoundBook(int receivers, Ticker ticker) {
    this.got = new int[receivers];
    this.ticker = ticker;
  }

  /** Begins a round and returns what makes its frames of the moment at which they are sent. */
  LongFunction<String> begin() {
    lock.lock();
    try {
      round++;
      missing = got.length;
      began = ticker.nanoTime();
      int number = round;
      return nanos -> {
        var text = number + " " + nanos + " ";
        return text + "x".repeat(Math.max(0, BYTES - text.length()));
      };
    } finally {
      lock.unlock();
    }
  }

  /** A receiver has a frame. */
  void received(int receiver, String text) {
    long now = ticker.nanoTime();
    int first = text.indexOf(' ');
    int second = text.indexOf(' ', first + 1);
    lock.lock();
    try {
      int number;
      long sent;
      try {
        // Not by patterns: tens of thousands come in a second, and what they take is not measured.
        number = Integer.parseInt(text, 0, Math.max(0, first), 10);
        sent = Long.parseLong(text, first + 1, Math.max(first + 1, second), 10);
      } catch (NumberFormatException e) {
        fail("receiver " + receiver + ": " + text.substring(0, Math.min(200, text.length())));
        return;
      }
      if (number != round || got[receiver] == round) {
        fail(
            "receiver %d: the frame of round %d, after that of round %d (expected: once, that of round %d)"
                .formatted(receiver, number, got[receiver], round));
        return;
      }
      got[receiver] = number;
      each.record(Math.max(0, now - sent));
      if (--missing == 0) {
        last.record(Math.max(0, now - began));
        all.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** A receiver has failed. */
  void failed(String why) {
    lock.lock();
    try {
      fail(why);
    } finally {
      lock.unlock();
    }
  }

  private void fail(String why) {
    if (failures.size() < MOST_FAILURES) {
      failures.add(why);
    }
  }

  /** Waits for the last receiver; whether it came. If not, that is noted as a failure. */
  boolean await(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (missing > 0 && left > 0) {
        left = all.awaitNanos(left);
      }
      if (missing > 0) {
        fail(
            "round %d: %d receivers without its frame, the first of them number %d"
                .formatted(round, missing, first()));
      }
      return missing == 0;
    } finally {
      lock.unlock();
    }
  }

  private int first() {
    int[] rounds = Arrays.copyOf(got, got.length);
    for (int i = 0; i < rounds.length; i++) {
      if (rounds[i] != round) {
        return i;
      }
    }
    return -1;
  }

  /** What was found since the last time. */
  Outcome take() {
    lock.lock();
    try {
      var outcome = new Outcome(each, last, List.copyOf(failures));
      each = new LatencyRecorder();
      last = new LatencyRecorder();
      failures.clear();
      return outcome;
    } finally {
      lock.unlock();
    }
  }
}
