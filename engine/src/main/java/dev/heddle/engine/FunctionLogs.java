package dev.heddle.engine;

import dev.heddle.catalog.CatalogView;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What functions wrote on this node, each function's newest lines in memory: for people who read or
 * follow them. Every size, rate and reader has a limit; what is lost to one is counted, and told
 * with the next line.
 *
 * <p>Safe for any thread; writers never wait for readers. Whoever creates it closes it.
 */
public final class FunctionLogs implements AutoCloseable {
  /** What a line counts besides its characters. */
  static final int LINE_COST = 200;

  private static final double NANOS = 1e9;

  private record Key(String tenant, String function) {}

  /**
   * A line that may not be a text yet.
   *
   * @param cost in bytes, about
   */
  private record Kept(FunctionLogLine line, Supplier<String> text, int cost) {
    FunctionLogLine told() {
      return new FunctionLogLine(
          line.at(),
          line.function(),
          line.version(),
          line.invocationId(),
          line.traceId(),
          text.get(),
          line.lost());
    }
  }

  /** One function's lines. Fields are guarded by the lock of the logs. */
  private static final class Ring {
    final ArrayDeque<Kept> lines = new ArrayDeque<>();
    final List<Following> followers = new ArrayList<>();
    long bytes;
    long lost;
    double tokens;
    long refilled;
  }

  /** A reader of what is written from now on. */
  public final class Following implements AutoCloseable {
    private final Key key;
    private final Optional<String> invocation;
    private final Consumer<FunctionLogLine> reader;
    private final ArrayDeque<Kept> waiting = new ArrayDeque<>();
    private final Condition more = lock.newCondition();
    private long lost;
    private boolean closed;

    private Following(Key key, Optional<String> invocation, Consumer<FunctionLogLine> reader) {
      this.key = key;
      this.invocation = invocation;
      this.reader = reader;
    }

    /** Call with the lock held. */
    private void offer(Kept kept) {
      if (invocation.isPresent() && !invocation.get().equals(kept.line.invocationId())) {
        return;
      }
      if (waiting.size() >= limits.followQueue()) {
        lost++;
        return;
      }
      waiting.addLast(new Kept(kept.line.withLost(kept.line.lost() + lost), kept.text, kept.cost));
      lost = 0;
      more.signal();
    }

    private void run() {
      try {
        for (Kept next; (next = next()) != null; ) {
          reader.accept(next.told());
        }
      } finally {
        close();
      }
    }

    private @Nullable Kept next() {
      lock.lock();
      try {
        while (waiting.isEmpty() && !closed) {
          more.awaitUninterruptibly();
        }
        return closed ? null : waiting.pollFirst();
      } finally {
        lock.unlock();
      }
    }

    /** Ends it; a line that is being read is the last one. */
    @Override
    public void close() {
      lock.lock();
      try {
        if (!closed) {
          closed = true;
          following--;
          var ring = rings.get(key);
          if (ring != null) {
            ring.followers.remove(this);
          }
          more.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private final LogLimits limits;
  private final Clock clock;
  private final Ticker ticker;
  private final ThreadFactory readers = Threads.virtual("heddle-log-reader");
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  /** The one that was written least lately first. */
  private final LinkedHashMap<Key, Ring> rings = new LinkedHashMap<>();

  private long bytes;
  private int following;
  private boolean closed;

  public FunctionLogs(LogLimits limits, Clock clock, Ticker ticker) {
    this.limits = limits;
    this.clock = clock;
    this.ticker = ticker;
  }

  /**
   * Adds a line.
   *
   * @param id of the invocation or query
   * @param text made when somebody reads it
   * @param length of the text, about
   * @return whether it was kept
   */
  boolean append(
      FunctionRef function, String id, String traceId, Supplier<String> text, int length) {
    return append(function, id, traceId, text, length, true);
  }

  /**
   * As {@link #append}, for a line of the platform's own: it takes nothing of the function's rate,
   * and has its place however much the function writes.
   */
  boolean report(
      FunctionRef function, String id, String traceId, Supplier<String> text, int length) {
    return append(function, id, traceId, text, length, false);
  }

  private boolean append(
      FunctionRef function,
      String id,
      String traceId,
      Supplier<String> text,
      int length,
      boolean limited) {
    var key = new Key(function.tenant(), function.name());
    var at = clock.instant();
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      var ring = rings.get(key);
      if (ring == null) {
        ring = newRing();
      }
      rings.putLast(key, ring);
      if (limited && !admitted(ring)) {
        ring.lost++;
        return false;
      }
      var line =
          new FunctionLogLine(
              at,
              function.name(),
              function.version().map(version -> version.digest()).orElse(""),
              id,
              traceId,
              "",
              ring.lost);
      ring.lost = 0;
      var kept = new Kept(line, text, length + LINE_COST);
      ring.lines.addLast(kept);
      ring.bytes += kept.cost;
      bytes += kept.cost;
      trim(ring);
      ring.followers.forEach(follower -> follower.offer(kept));
      return true;
    } finally {
      lock.unlock();
    }
  }

  private Ring newRing() {
    var ring = new Ring();
    ring.tokens = limits.burst();
    ring.refilled = ticker.nanoTime();
    return ring;
  }

  /** A bucket of tokens. Call with the lock held. */
  private boolean admitted(Ring ring) {
    long now = ticker.nanoTime();
    double more = (now - ring.refilled) / NANOS * limits.linesPerSecond();
    ring.tokens = Math.min(limits.burst(), ring.tokens + more);
    ring.refilled = now;
    if (ring.tokens < 1) {
      return false;
    }
    ring.tokens--;
    return true;
  }

  /** Call with the lock held. */
  private void trim(Ring written) {
    while (written.lines.size() > limits.lines() || written.bytes > limits.maxBytes().bytes()) {
      removeFirst(written);
    }
    var others = rings.values().iterator();
    while (bytes > limits.maxTotal().bytes() && others.hasNext()) {
      var ring = others.next();
      while (bytes > limits.maxTotal().bytes() && !ring.lines.isEmpty()) {
        removeFirst(ring);
      }
      if (ring.lines.isEmpty() && ring.followers.isEmpty() && ring != written) {
        others.remove();
      }
    }
  }

  /** Call with the lock held. */
  private void removeFirst(Ring ring) {
    var first = ring.lines.removeFirst();
    ring.bytes -= first.cost;
    bytes -= first.cost;
  }

  /**
   * The newest lines of a function, oldest first.
   *
   * @param lines at most so many
   * @param invocation only its lines; empty: all
   */
  public List<FunctionLogLine> read(
      String tenant, String function, int lines, Optional<String> invocation) {
    List<Kept> found;
    lock.lock();
    try {
      found = newest(new Key(tenant, function), lines, invocation);
    } finally {
      lock.unlock();
    }
    return found.stream().map(Kept::told).toList();
  }

  /** Call with the lock held. */
  private List<Kept> newest(Key key, int lines, Optional<String> invocation) {
    var ring = rings.get(key);
    var found = new ArrayDeque<Kept>();
    if (ring != null) {
      Iterator<Kept> newest = ring.lines.descendingIterator();
      while (newest.hasNext() && found.size() < lines) {
        var next = newest.next();
        if (invocation.isEmpty() || invocation.get().equals(next.line.invocationId())) {
          found.addFirst(next);
        }
      }
    }
    return List.copyOf(found);
  }

  /**
   * As {@link #read}, and then what is written from now on, without a gap, until the reader is
   * closed or throws.
   *
   * @param reader gets one line after the other, on a thread of its own, and may block
   * @throws HeddleException LIMIT_REACHED with too many readers
   */
  public Following follow(
      String tenant,
      String function,
      int lines,
      Optional<String> invocation,
      Consumer<FunctionLogLine> reader) {
    var key = new Key(tenant, function);
    var follower = new Following(key, invocation, reader);
    lock.lock();
    try {
      if (closed || following >= limits.followers()) {
        throw Refusals.refuse(
            ErrorCode.LIMIT_REACHED,
            "log readers",
            following,
            "fewer than " + limits.followers() + " on a running node");
      }
      newest(key, Math.min(lines, limits.followQueue()), invocation).forEach(follower::offer);
      rings.computeIfAbsent(key, missing -> newRing()).followers.add(follower);
      following++;
    } finally {
      lock.unlock();
    }
    readers.newThread(follower::run).start();
    return follower;
  }

  /** Forgets the lines of functions that the catalog no longer names. */
  public void keepOnly(CatalogView view) {
    lock.lock();
    try {
      rings
          .entrySet()
          .removeIf(entry -> {
            var key = entry.getKey();
            boolean gone =
                view.function(key.tenant, key.function).isEmpty()
                    && entry.getValue().followers.isEmpty();
            if (gone) {
              bytes -= entry.getValue().bytes;
            }
            return gone;
          });
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that the lines hold, about. */
  long size() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /** Ends all readers. */
  @Override
  public void close() {
    List<Following> readersLeft;
    lock.lock();
    try {
      closed = true;
      readersLeft = rings.values().stream().flatMap(ring -> ring.followers.stream()).toList();
    } finally {
      lock.unlock();
    }
    readersLeft.forEach(Following::close);
  }
}
