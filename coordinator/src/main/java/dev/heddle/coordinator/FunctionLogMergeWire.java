package dev.heddle.coordinator;

import dev.heddle.process.Deadline;
import dev.heddle.process.Ticker;
import dev.heddle.v1.FunctionLogLine;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lines of one function's log from several leaves. What they keep is put in the order of time; what
 * comes after that is passed on as it comes, and counted as lost while nobody takes it. Leaves
 * report on threads of the channel, one reader takes.
 */
final class FunctionLogMergeWire {
  /** Lines that wait for the reader. */
  private static final int MOST_WAITING = 10_000;

  private static final Comparator<FunctionLogLine> BY_TIME =
      Comparator.comparingLong(FunctionLogLine::getAtMicros)
          .thenComparing(FunctionLogLine::getNode);

  private final int lines;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private final Map<String, Leaf> leaves = new HashMap<>();
  private final List<FunctionLogLine> kept = new ArrayList<>();
  private final ArrayDeque<FunctionLogLine> waiting = new ArrayDeque<>();
  private boolean keptTaken;
  private long lost;

  /**
   * @param lines of those kept, the newest so many are wanted
   */
  FunctionLogMergeWire(int lines) {
    this.lines = lines;
  }

  /** Takes a leaf's lines; empty: they come already. */
  Optional<StreamObserver<FunctionLogLine>> join(String node) {
    lock.lock();
    try {
      var leaf = leaves.computeIfAbsent(node, Leaf::new);
      if (leaf.open) {
        return Optional.empty();
      }
      leaf.open = true;
      return Optional.of(leaf);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until every leaf has sent what it keeps, or cannot. */
  void awaitKept(Duration most, Ticker ticker) throws InterruptedException {
    var deadline = Deadline.after(most, ticker);
    lock.lock();
    try {
      while (leaves.values().stream().anyMatch(leaf -> leaf.open && !leaf.caughtUp)) {
        if (changed.awaitNanos(deadline.remainingNanos(ticker)) <= 0) {
          return;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** The newest of what was kept, oldest first; from now on lines are passed on as they come. */
  List<FunctionLogLine> kept() {
    lock.lock();
    try {
      keptTaken = true;
      kept.sort(BY_TIME);
      var newest = List.copyOf(kept.subList(Math.max(0, kept.size() - lines), kept.size()));
      kept.clear();
      return newest;
    } finally {
      lock.unlock();
    }
  }

  /** The next line; empty: none came in that time. */
  Optional<FunctionLogLine> next(Duration most) throws InterruptedException {
    lock.lock();
    try {
      long left = most.toNanos();
      while (waiting.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      return Optional.ofNullable(waiting.pollFirst());
    } finally {
      lock.unlock();
    }
  }

  /** The lines of one leaf. */
  private final class Leaf implements StreamObserver<FunctionLogLine> {
    private final String node;

    // Guarded by the merge's lock.
    private boolean open;
    private boolean caughtUp;

    /** Of the last line: a leaf that is asked again sends some of its lines again. */
    private long lastMicros = Long.MIN_VALUE;

    private long resumeAfter = Long.MIN_VALUE;

    Leaf(String node) {
      this.node = node;
    }

    @Override
    public void onNext(FunctionLogLine line) {
      lock.lock();
      try {
        if (line.getCaughtUp()) {
          caughtUp = true;
        } else if (line.getAtMicros() > resumeAfter) {
          lastMicros = Math.max(lastMicros, line.getAtMicros());
          take(line);
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    private void take(FunctionLogLine line) {
      if (!keptTaken) {
        kept.add(line);
      } else if (waiting.size() >= MOST_WAITING) {
        lost += 1 + line.getLost();
      } else {
        waiting.addLast(lost == 0 ? line : line.toBuilder().setLost(line.getLost() + lost).build());
        lost = 0;
      }
    }

    @Override
    public void onError(Throwable failure) {
      onCompleted();
    }

    @Override
    public void onCompleted() {
      lock.lock();
      try {
        open = false;
        caughtUp = false;
        resumeAfter = lastMicros;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public String toString() {
      return "log of " + node;
    }
  }
}
