package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who has got what was published in rooms, to which members and messages belong in turns: member or
 * message number N to room N modulo the number of rooms. A message counts from when it was <em>to
 * be published</em>, which it says itself. What comes twice, out of order, to another room, or not
 * at all is a failure. Thread-safe.
 */
final class DeliveryBook {
  private static final int BYTES = 128;
  private static final int MOST_FAILURES = 10;

  private final int rooms;
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition all = lock.newCondition();

  /** Guarded by the lock, as what follows: the messages of this run that each member has got. */
  private final BitSet[] got;

  private final List<String> failures = new ArrayList<>();
  private LatencyRecorder times = new LatencyRecorder();
  private Timeline completions = new Timeline();
  private int run;
  private long began;
  private long missing;

  /**
   * What a run took.
   *
   * @param times from when each delivery's message was to be published
   * @param missing deliveries that did not come
   */
  record Outcome(
      LatencyRecorder times, Timeline completions, long missing, List<String> failures) {}

  DeliveryBook(int members, int rooms, Ticker ticker) {
    this.rooms = rooms;
    this.ticker = ticker;
    this.got = new BitSet[members];
    for (int i = 0; i < members; i++) {
      got[i] = new BitSet();
    }
  }

  /** Begins a run of so many messages, the first of which is to be published at this moment. */
  void begin(long messages, long nanos) {
    lock.lock();
    try {
      run++;
      began = nanos;
      times = new LatencyRecorder();
      completions = new Timeline();
      failures.clear();
      missing = 0;
      for (int member = 0; member < got.length; member++) {
        got[member].clear();
        int room = member % rooms;
        missing += messages <= room ? 0 : (messages - room - 1) / rooms + 1;
      }
    } finally {
      lock.unlock();
    }
  }

  /** A message of this run. */
  String message(long number, long dueNanos) {
    lock.lock();
    try {
      var text = run + " " + number + " " + dueNanos + " ";
      return text + "x".repeat(Math.max(0, BYTES - text.length()));
    } finally {
      lock.unlock();
    }
  }

  /** Nobody can count on a message, for this reason. */
  void refused(long number, String why) {
    lock.lock();
    try {
      int room = (int) (number % rooms);
      missing -= got.length <= room ? 0 : (got.length - room - 1) / rooms + 1;
      fail("message " + number + ": " + why);
      all.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A member has a message. */
  void received(int member, String text) {
    long now = ticker.nanoTime();
    int first = text.indexOf(' ');
    int second = text.indexOf(' ', first + 1);
    int third = text.indexOf(' ', second + 1);
    lock.lock();
    try {
      int of;
      long number;
      long due;
      try {
        of = Integer.parseInt(text, 0, Math.max(0, first), 10);
        number = Long.parseLong(text, first + 1, Math.max(first + 1, second), 10);
        due = Long.parseLong(text, second + 1, Math.max(second + 1, third), 10);
      } catch (NumberFormatException e) {
        fail("member " + member + ": " + text.substring(0, Math.min(200, text.length())));
        return;
      }
      int at = (int) (number / rooms);
      if (of != run || number % rooms != member % rooms || got[member].length() > at) {
        fail(
            "member %d: message %d of run %d, after number %d of run %d (expected: those of its room, once, in order)"
                .formatted(member, number, of, last(member), run));
        return;
      }
      got[member].set(at);
      times.record(Math.max(0, now - due));
      completions.record(Math.max(0, now - began));
      if (--missing == 0) {
        all.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The number of the newest message that a member has; -1: it has none. */
  private long last(int member) {
    int at = got[member].length() - 1;
    return at < 0 ? -1 : (long) at * rooms + member % rooms;
  }

  /** A member has failed. */
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

  /** Waits for what is missing, and returns what has come. */
  Outcome await(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (missing > 0 && left > 0) {
        left = all.awaitNanos(left);
      }
      if (missing > 0) {
        fail(missing + " deliveries did not come (expected: all)");
      }
      return new Outcome(times, completions, Math.max(0, missing), List.copyOf(failures));
    } finally {
      lock.unlock();
    }
  }
}
