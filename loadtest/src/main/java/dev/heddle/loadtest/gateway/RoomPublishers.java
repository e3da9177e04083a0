package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * An open loop of publications in rooms, in turns: each has its time, whatever became of those
 * before, and says it in its text. Over some lanes, which take whatever is next: one that is due
 * while all of them wait for an answer goes out late, and counts from when it was to go out.
 */
final class RoomPublishers {
  private static final int LANES = 16;

  private final HostPort gateway;
  private final int rooms;
  private final DeliveryBook book;
  private final Ticker ticker;

  RoomPublishers(HostPort gateway, int rooms, DeliveryBook book, Ticker ticker) {
    this.gateway = gateway;
    this.rooms = rooms;
    this.book = book;
    this.ticker = ticker;
  }

  /** The channel of a room. */
  static String channel(int room) {
    return "room-" + room;
  }

  /**
   * Publishes so many messages, and returns when each has its answer.
   *
   * @param intervalNanos from one to the next
   * @return by how much they went out late
   */
  LatencyRecorder publish(long messages, long intervalNanos) throws InterruptedException {
    long began = ticker.nanoTime();
    book.begin(messages, began);
    var next = new AtomicLong();
    var over = new AtomicBoolean();
    var threads = new ArrayList<Thread>();
    var late = new ArrayList<LatencyRecorder>();
    for (int i = 0; i < LANES; i++) {
      var mine = new LatencyRecorder();
      late.add(mine);
      Runnable lane =
          () -> {
            try (var posts = new PostLane(gateway)) {
              for (long at = next.getAndIncrement();
                  at < messages && !over.get();
                  at = next.getAndIncrement()) {
                publish(posts, at, began + at * intervalNanos, mine);
              }
            }
          };
      threads.add(Threads.named("publisher").newThread(lane));
    }
    threads.forEach(Thread::start);
    try {
      for (var thread : threads) {
        thread.join();
      }
    } finally {
      over.set(true);
      Joining.all(threads);
    }
    return sum(late);
  }

  private void publish(PostLane posts, long number, long due, LatencyRecorder late) {
    for (long left = due - ticker.nanoTime(); left > 0; left = due - ticker.nanoTime()) {
      LockSupport.parkNanos(left);
    }
    late.record(Math.max(0, ticker.nanoTime() - due));
    var path = "/v1/channels/" + channel((int) (number % rooms));
    try {
      var reply = posts.post(path, book.message(number, due));
      if (reply.status() / 100 != 2) {
        book.refused(number, "POST " + path + ": " + reply.status() + " " + reply.excerpt());
      }
    } catch (IOException e) {
      book.refused(number, "POST " + path + ": " + e);
    }
  }

  private static LatencyRecorder sum(List<LatencyRecorder> parts) {
    var sum = new LatencyRecorder();
    parts.forEach(sum::add);
    return sum;
  }
}
