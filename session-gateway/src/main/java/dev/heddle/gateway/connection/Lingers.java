package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.process.Threads;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stays whose clients are between two polls. For a while they are left as they are, attached in the
 * grid and seen in their channels, so that the next poll goes on with them; then they are detached,
 * as of when their clients were last seen. The grid fences them as it does any stay: this is only
 * where they wait. Whoever takes one out of here, it is one only, goes on with it or ends it.
 * Thread-safe.
 */
final class Lingers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Lingers.class);
  private static final Duration EVERY = Duration.ofMillis(250);

  /**
   * A stay is attached anew by the next poll after this: so its token changes now and then, and the
   * grid knows about when its client was last there.
   */
  private static final Duration LONGEST_STAY = Duration.ofSeconds(10);

  /** What a gateway that stops takes for detaching all. */
  private static final Duration MOST_CLOSING = Duration.ofSeconds(5);

  /**
   * Of those whose time is over, or that a gateway that stops has, so many are detached at once:
   * one after the other, each would wait for the grid's answers to all before it; all at once, they
   * would be in the way of everybody else's steps.
   */
  static final int AT_ONCE = 64;

  private final ResumeConfig config;
  private final BiConsumer<ResumableConnection, Instant> detach;
  private final Consumer<Runnable> later;
  private final Clock clock;
  private final ConcurrentHashMap<ConnectionKey, Linger> here = new ConcurrentHashMap<>();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-polls"));
  private final Semaphore places = new Semaphore(AT_ONCE);
  private volatile boolean closed;

  /**
   * A stay between two polls.
   *
   * @param generation of its resume token
   * @param seen when its client was answered
   */
  record Linger(
      ResumableConnection stay,
      PollTransport transport,
      long generation,
      Instant seen,
      Instant until) {}

  /**
   * None yet.
   *
   * @param detach detaches a stay whose client was last seen then; may block
   * @param later does work that may block
   */
  Lingers(
      ResumeConfig config,
      BiConsumer<ResumableConnection, Instant> detach,
      Consumer<Runnable> later,
      Clock clock) {
    this.config = config;
    this.detach = detach;
    this.later = later;
    this.clock = clock;
  }

  void start() {
    var _ =
        thread.scheduleWithFixedDelay(
            this::turn, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * A poll is about to be answered. Does not block.
   *
   * @param known the connection, as it was when the stay or this poll began
   * @return false: it does not linger, and is to be detached
   */
  boolean begin(ResumableConnection stay, PollTransport transport, Known known) {
    Duration time = config.pollLinger();
    if (known.window().compareTo(time) < 0) {
      time = known.window();
    }
    if (closed || time.isZero() || here.size() >= config.lingering()) {
      return false;
    }
    Instant now = clock.instant();
    var next = new Linger(stay, transport, known.generation(), now, now.plus(time));
    Linger last = here.put(stay.key(), next);
    if (last != null) {
      end(last);
    }
    // What ended it before it was here, or stops this gateway, has not seen it here.
    boolean lingers = transport.linger(() -> ended(next)) && !closed;
    return lingers || !here.remove(stay.key(), next);
  }

  /**
   * A poll comes.
   *
   * @param known the connection as it is now
   * @param offset of the last frame that its client has read
   * @param read how far it has read its channels
   * @return what it goes on with, and has to end; null: it has to attach anew
   */
  @Nullable Linger take(
      Tokens.Resume resume, Known known, long offset, Map<String, ChannelPosition> read) {
    Linger found = here.get(resume.key());
    if (found == null
        || resume.generation() != found.generation()
        || known.generation() != found.generation()
        || known.epoch() != found.stay().epoch()
        || !known.attached()
        || known.end() != null
        || !known.since().plus(LONGEST_STAY).isAfter(clock.instant())
        || !found.transport().holds(offset, read)
        || !here.remove(resume.key(), found)) {
      return null;
    }
    if (!found.transport().again()) {
      end(found);
      return null;
    }
    return found;
  }

  /** A newer stay follows this one, and ends it; false: it is not here. */
  boolean leave(ResumableConnection stay) {
    Linger found = here.get(stay.key());
    return found != null && found.stay() == stay && here.remove(stay.key(), found);
  }

  /** The transport was closed. Must not wait: who closes it may hold locks. */
  private void ended(Linger linger) {
    if (here.remove(linger.stay().key(), linger)) {
      end(linger);
    }
  }

  private void end(Linger linger) {
    later.accept(() -> detach.accept(linger.stay(), linger.seen()));
  }

  /**
   * Detaches those whose time is over, some at once; returns when the last of them has begun. Those
   * that have to wait for their turn are here meanwhile, and the next poll finds them.
   */
  void turn() {
    try {
      Instant now = clock.instant();
      for (Linger each : here.values()) {
        if (!each.until().isAfter(now)) {
          places.acquire();
          over(each);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      // The next turn goes on.
      log.warn("polls not looked at error={}", e.toString());
    }
  }

  /** Has a place, which goes back when the stay is detached. */
  private void over(Linger linger) {
    boolean begun = false;
    boolean mine = false;
    try {
      mine = here.remove(linger.stay().key(), linger);
      if (mine) {
        later.accept(() -> {
          try {
            detach.accept(linger.stay(), linger.seen());
          } finally {
            places.release();
          }
        });
        begun = true;
      }
    } finally {
      if (!begun) {
        places.release();
        if (mine) {
          var _ = here.putIfAbsent(linger.stay().key(), linger);
        }
      }
    }
  }

  /** Stays between two polls. */
  int count() {
    return here.size();
  }

  /** Detaches all, and waits for that, but not for ever. */
  @Override
  public void close() {
    closed = true;
    thread.shutdown();
    List<Linger> all =
        here.values().stream().filter(each -> here.remove(each.stay().key(), each)).toList();
    var left = new CountDownLatch(all.size());
    all.forEach(each ->
        later.accept(() -> {
          places.acquireUninterruptibly();
          try {
            detach.accept(each.stay(), each.seen());
          } finally {
            places.release();
            left.countDown();
          }
        }));
    try {
      if (!left.await(MOST_CLOSING.toNanos(), TimeUnit.NANOSECONDS)) {
        log.warn("not all polls detached count={}", left.getCount());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
