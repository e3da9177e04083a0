package dev.heddle.loadtest.gateway;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;

/**
 * Push to all of many receivers, one after the other, again and again, over some lanes. A receiver
 * belongs to one lane. {@link #close} ends them after the push that is under way.
 */
final class Pushers<R> implements AutoCloseable {
  private static final int LANES = 4;

  private final List<R> receivers;
  private final List<HostPort> gateways;
  private final BiConsumer<R, PostLane> push;
  private final List<Thread> threads = new ArrayList<>();
  private final List<Semaphore> passes = new ArrayList<>();
  private final AtomicLong pushes = new AtomicLong();
  private volatile long restNanos;
  private volatile boolean over;

  /**
   * @param gateways that lanes lead to, in turns
   */
  Pushers(List<R> receivers, List<HostPort> gateways, BiConsumer<R, PostLane> push) {
    this.receivers = List.copyOf(receivers);
    this.gateways = List.copyOf(gateways);
    this.push = push;
  }

  void start() {
    for (int lane = 0; lane < LANES; lane++) {
      int mine = lane;
      var done = new Semaphore(0);
      passes.add(done);
      var thread = Threads.named("pusher").newThread(() -> push(mine, done));
      threads.add(thread);
      thread.start();
    }
  }

  private void push(int lane, Semaphore done) {
    try (var posts = new PostLane(gateways.get(lane % gateways.size()))) {
      while (!over) {
        for (int i = lane; i < receivers.size() && !over; i += LANES) {
          push.accept(receivers.get(i), posts);
          pushes.incrementAndGet();
          LockSupport.parkNanos(restNanos);
        }
        done.release();
        if (lane >= receivers.size()) {
          return;
        }
      }
    }
  }

  /** Waits until everyone was pushed to so many times more: since the last wait, or the start. */
  void awaitPasses(int more, Duration limit) throws InterruptedException {
    for (int lane = 0; lane < Math.min(LANES, receivers.size()); lane++) {
      passes.get(lane).drainPermits();
      if (!passes.get(lane).tryAcquire(more, limit.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "pushes: lane %d is not through with its receivers (expected: within %d s)"
                .formatted(lane, limit.toSeconds()));
      }
    }
  }

  /** From now on all lanes together push at most so often in a second; 0: as often as they can. */
  void most(int inSecond) {
    restNanos = inSecond == 0 ? 0 : TimeUnit.SECONDS.toNanos(LANES) / inSecond;
  }

  long pushes() {
    return pushes.get();
  }

  @Override
  public void close() {
    over = true;
    Joining.all(threads);
  }
}
