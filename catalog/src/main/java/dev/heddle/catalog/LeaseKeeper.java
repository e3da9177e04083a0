package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node's lease alive: renews it at a third of its time, sooner after a failure, until
 * closed or until a newer run of the same node has taken over. Safe for any thread.
 */
final class LeaseKeeper implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LeaseKeeper.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  /** The two calls that it makes. */
  interface Calls {
    void renew(NodeRecord node, Duration ttl, Duration timeout);

    void end(NodeRecord node, Duration timeout);
  }

  private final Calls calls;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;

  /** Guarded by {@link #lock}, as is what follows. */
  private NodeRecord node;

  private Duration ttl;
  private boolean replaced;
  private boolean closed;

  /** Whether someone else is this node now; ends the keeper. */
  private volatile boolean superseded;

  LeaseKeeper(NodeRecord node, Duration ttl, Calls calls) {
    this.node = node;
    this.ttl = ttl;
    this.calls = calls;
    this.thread = Threads.virtual("catalog-lease").newThread(this::run);
  }

  void start() {
    thread.start();
  }

  /** Renews at once with another record. */
  void replace(NodeRecord other, Duration otherTtl) {
    lock.lock();
    try {
      node = other;
      ttl = otherTtl;
      replaced = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean superseded() {
    return superseded;
  }

  /** Stops, and ends the lease as well as it can: otherwise it runs out by itself. */
  @Override
  public void close() {
    NodeRecord last;
    lock.lock();
    try {
      closed = true;
      last = node;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    try {
      thread.join(CLOSE_GRACE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    if (!superseded) {
      try {
        calls.end(last, CLOSE_GRACE);
      } catch (HeddleException e) {
        log.info("lease not ended: it runs out node={} reason=\"{}\"", last.node(), e.getMessage());
      }
    }
  }

  private void run() {
    int failures = 0;
    while (!superseded) {
      NodeRecord current;
      Duration time;
      lock.lock();
      try {
        if (closed) {
          return;
        }
        current = node;
        time = ttl;
        replaced = false;
      } finally {
        lock.unlock();
      }
      failures = renewed(current, time, failures) ? 0 : failures + 1;
      if (!await(pause(time, failures))) {
        return;
      }
    }
  }

  private boolean renewed(NodeRecord current, Duration time, int failures) {
    try {
      calls.renew(current, time, time);
      if (failures > 0) {
        log.info("lease renewed again node={} failures={}", current.node(), failures);
      }
      return true;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.GONE) {
        superseded = true;
        log.error(
            "another run of this node has taken over: this one is no longer known"
                + " node={} incarnation={} reason=\"{}\"",
            current.node(),
            current.incarnation(),
            e.getMessage());
      } else if (failures == 0) {
        log.warn(
            "lease not renewed: trying again node={} reason=\"{}\"",
            current.node(),
            e.getMessage());
      }
      return false;
    }
  }

  private static Duration pause(Duration ttl, int failures) {
    Duration regular = ttl.dividedBy(3);
    if (failures == 0) {
      return regular;
    }
    Duration retry = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, 10));
    return retry.compareTo(regular) < 0 ? retry : regular;
  }

  /** False: stop. */
  private boolean await(Duration pause) {
    lock.lock();
    try {
      long left = pause.toNanos();
      while (left > 0 && !replaced && !closed) {
        left = changed.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }
}
