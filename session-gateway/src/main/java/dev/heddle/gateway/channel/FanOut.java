package dev.heddle.gateway.channel;

import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One message on its way to all who listen. What takes the time is the kernel, once for each
 * socket, so many subscribers are shared out among threads, in parts that each takes when it is
 * done with the last one. All have been handed the message before the next one comes.
 */
final class FanOut {
  private static final Logger log = LoggerFactory.getLogger(FanOut.class);

  /** Subscribers of a part: some milliseconds of work, beside which a thread's start is little. */
  static final int PART = 128;

  /** Handed over before others help: by then what all share, the frames, is made. */
  static final int FIRST = 32;

  private final Publication message;
  private final Subscriber[] all;
  private final AtomicInteger next;
  private final CountDownLatch parts;
  private final Queue<Subscriber> gone = new ConcurrentLinkedQueue<>();

  private FanOut(Publication message, Collection<Subscriber> all) {
    this.message = message;
    this.all = all.toArray(Subscriber[]::new);
    this.next = new AtomicInteger(Math.min(FIRST, this.all.length));
    this.parts = new CountDownLatch(Math.ceilDiv(this.all.length - next.get(), PART));
  }

  /**
   * Returns when all have been handed the message. A subscriber that fails keeps nobody else from
   * it, and is told that it cannot go on where it was.
   *
   * @param most threads, this one among them
   * @return those that want no more
   */
  static Collection<Subscriber> hand(
      Publication message, Collection<Subscriber> all, ThreadFactory threads, int most) {
    var fanOut = new FanOut(message, all);
    fanOut.hand(0, fanOut.next.get());
    fanOut.help(threads, Math.min(most, fanOut.parts.getCount()) - 1);
    fanOut.takeParts();
    fanOut.awaitParts();
    return fanOut.gone;
  }

  private void help(ThreadFactory threads, long helpers) {
    try {
      for (int i = 0; i < helpers; i++) {
        threads.newThread(this::takeParts).start();
      }
    } catch (OutOfMemoryError e) {
      log.warn("no thread to help channel={} error={}", message.channel().name(), e.toString());
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // Nothing hangs on it.
  private void takeParts() {
    for (int from = next(); from < all.length; from = next()) {
      hand(from, Math.min(all.length, from + PART));
      parts.countDown();
      // Subscribers never wait: without this, all processors would be here until the end.
      Thread.yield();
    }
  }

  private void hand(int from, int to) {
    for (int i = from; i < to; i++) {
      hand(all[i]);
    }
  }

  private int next() {
    return next.getAndAdd(PART);
  }

  private void hand(Subscriber each) {
    try {
      if (!each.publication(message, false)) {
        gone.add(each);
      }
    } catch (Throwable e) {
      log.warn("channel={} error={}", message.channel().name(), e.toString());
      tellOfGap(each);
    }
  }

  private void tellOfGap(Subscriber each) {
    try {
      each.subscribed(message.channel(), message.at(), false);
    } catch (Throwable e) {
      log.warn("not told channel={} error={}", message.channel().name(), e.toString());
    }
  }

  /** The parts that helpers have taken. Subscribers do not wait, so neither does this for long. */
  private void awaitParts() {
    boolean interrupted = false;
    while (true) {
      try {
        parts.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
