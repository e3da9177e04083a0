package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.websocket.CloseCodes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What carries frames to a client that polls, one poll after the other: who waits for them is the
 * thread of a poll, and between two of them a few wait here. Thread-safe.
 */
final class PollTransport implements Transport {
  /** Bytes that wait here between two polls; what is more waits in the grid. */
  private static final int MOST_BETWEEN = 16 << 10;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock, as what follows. */
  private final List<Message> messages = new ArrayList<>();

  /** Of channels, as they are answered. */
  private final List<byte[]> publications = new ArrayList<>();

  private final Map<String, ChannelPosition> channels = new LinkedHashMap<>();
  private final long most;

  /** Of publications. */
  private long bytes;

  private boolean news;

  /** Of frames and publications. */
  private long held;

  /** Whether a poll waits, or is about to. */
  private boolean waiting = true;

  /** How many polls there were before this one. */
  private long turn;

  /** Offset of the last frame of the last answer, and how far that had read each channel. */
  private long answered;

  private Map<String, ChannelPosition> read = Map.of();

  /** Told of the end between two polls. */
  private @Nullable Runnable ended;

  /** Whether what follows has to wait for the next poll. */
  private boolean full;

  private @Nullable Goodbye goodbye;

  /**
   * A poll that begins.
   *
   * @param most bytes of messages of channels in its answer, besides those that waited for it; one
   *     message may be larger
   * @param channels how far its client has read each
   */
  PollTransport(long most, Map<String, ChannelPosition> channels) {
    this.most = most;
    this.channels.putAll(channels);
  }

  /** A frame and its offset. */
  record Message(long offset, Payload frame) {}

  /** Why the connection, or this stay of it, is over. */
  record Goodbye(int code, String reason) {}

  /**
   * What came.
   *
   * @param publications of channels, and where they begin, in envelopes
   * @param channels how far its client will have read each
   * @param offset of the last frame that its client will have read
   * @param goodbye null: the connection goes on
   */
  record Polled(
      List<Message> messages,
      List<byte[]> publications,
      Map<String, ChannelPosition> channels,
      long offset,
      @Nullable Goodbye goodbye) {}

  /** Which poll this is. */
  long turn() {
    lock.lock();
    try {
      return turn;
    } finally {
      lock.unlock();
    }
  }

  /** The client of a poll has gone. What comes later than its answer changes nothing. */
  void gone(long which) {
    boolean now;
    lock.lock();
    try {
      now = waiting && turn == which;
    } finally {
      lock.unlock();
    }
    if (now) {
      abort();
    }
  }

  /**
   * Whether the next poll may go on where the last one ended: its client has what that was answered
   * with, neither less nor more, and all that came since is here.
   */
  boolean holds(long offset, Map<String, ChannelPosition> channels) {
    lock.lock();
    try {
      return goodbye == null && !full && !waiting && offset == answered && channels.equals(read);
    } finally {
      lock.unlock();
    }
  }

  /** The next poll has come; false: it was closed before. */
  boolean again() {
    lock.lock();
    try {
      if (goodbye != null || full) {
        return false;
      }
      ended = null;
      waiting = true;
      turn++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Between two polls.
   *
   * @param whenEnded called at the end, if it comes before the next one; must not wait
   * @return false: it has ended already
   */
  boolean linger(Runnable whenEnded) {
    lock.lock();
    try {
      if (goodbye == null) {
        ended = whenEnded;
      }
      return goodbye == null;
    } finally {
      lock.unlock();
    }
  }

  /** Returns at the first frame, at the end, or after this time. What comes then waits. */
  Polled await(Duration most) throws InterruptedException {
    lock.lock();
    try {
      long left = most.toNanos();
      while (messages.isEmpty() && !news && !full && goodbye == null && left > 0) {
        left = changed.awaitNanos(left);
      }
      waiting = false;
      answered = messages.isEmpty() ? answered : messages.getLast().offset();
      read = new LinkedHashMap<>(channels);
      var polled =
          new Polled(List.copyOf(messages), List.copyOf(publications), read, answered, goodbye);
      drop();
      return polled;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    lock.lock();
    try {
      if (goodbye != null || full || !fits(frame.bytes().length)) {
        return false;
      }
      messages.add(new Message(offset, frame));
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean publication(Publication message, boolean missed) {
    lock.lock();
    try {
      // Of a channel that lacks one nothing else may follow: the next poll goes on from here.
      full |= !missed && bytes > 0 && bytes + message.envelope().length > most;
      return !full && add(message.channel().name(), message.at(), message.envelope(), true);
    } finally {
      lock.unlock();
    }
  }

  /** Of what goes on as it was to, a poll says nothing before there is something else to say. */
  @Override
  public void subscribed(String channel, ChannelPosition at, boolean recovered) {
    lock.lock();
    try {
      boolean counts = !recovered || !channels.containsKey(channel);
      var _ = add(channel, at, Envelopes.subscribed(channel, at, recovered), counts);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void unsubscribed(String channel) {
    lock.lock();
    try {
      byte[] json = Envelopes.unsubscribed(channel);
      if (goodbye == null && !full && fits(json.length)) {
        channels.remove(channel);
        publications.add(json);
        news = true;
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean add(String channel, ChannelPosition at, byte[] json, boolean counts) {
    lock.lock();
    try {
      if (goodbye != null || full || !fits(json.length)) {
        return false;
      }
      publications.add(json);
      bytes += json.length;
      channels.put(channel, at);
      news |= counts;
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether there is room; else all that is here waits in the grid, and is read anew. */
  private boolean fits(int more) {
    held += more;
    if (waiting || held <= MOST_BETWEEN) {
      return true;
    }
    full = true;
    drop();
    return false;
  }

  private void drop() {
    messages.clear();
    publications.clear();
    bytes = 0;
    held = 0;
    news = false;
  }

  @Override
  public boolean between() {
    lock.lock();
    try {
      return !waiting && goodbye == null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long given(long sent) {
    lock.lock();
    try {
      return answered;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void welcome(long offset, byte[] json) {
    lock.lock();
    try {
      answered = offset;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void control(byte[] json) {
    // The answer itself says what a welcome does.
  }

  @Override
  public long uncounted() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long room() {
    lock.lock();
    try {
      return Math.max(0, most - bytes);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean lags() {
    lock.lock();
    try {
      return !messages.isEmpty() || news;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close(int code, String reason) {
    Runnable tell;
    lock.lock();
    try {
      if (goodbye == null) {
        goodbye = new Goodbye(code, reason);
        changed.signal();
      }
      tell = waiting ? null : ended;
      ended = null;
    } finally {
      lock.unlock();
    }
    if (tell != null) {
      tell.run();
    }
  }

  @Override
  public void abort() {
    close(CloseCodes.ABNORMAL, "cut off");
  }

  @Override
  public void tick() {
    // A poll is shorter than a ping interval may be.
  }

  @Override
  public void endIfOverdue() {
    // It has ended when its thread runs.
  }
}
