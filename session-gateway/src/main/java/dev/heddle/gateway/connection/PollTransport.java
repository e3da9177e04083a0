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

/** A poll that waits for frames. Thread-safe. */
final class PollTransport implements Transport {
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
   * @param goodbye null: the connection goes on
   */
  record Polled(
      List<Message> messages,
      List<byte[]> publications,
      Map<String, ChannelPosition> channels,
      @Nullable Goodbye goodbye) {}

  /** Returns at the first frame, at the end, or after this time; then nothing is taken any more. */
  Polled await(Duration most) throws InterruptedException {
    lock.lock();
    try {
      long left = most.toNanos();
      while (messages.isEmpty() && !news && !full && goodbye == null && left > 0) {
        left = changed.awaitNanos(left);
      }
      Goodbye why = goodbye;
      if (why == null) {
        goodbye = new Goodbye(0, "answered");
      }
      return new Polled(
          List.copyOf(messages), List.copyOf(publications), new LinkedHashMap<>(channels), why);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    lock.lock();
    try {
      if (goodbye != null || full) {
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
      if (goodbye == null) {
        channels.remove(channel);
        publications.add(Envelopes.unsubscribed(channel));
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
      if (goodbye != null || full) {
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
    lock.lock();
    try {
      if (goodbye == null) {
        goodbye = new Goodbye(code, reason);
        changed.signal();
      }
    } finally {
      lock.unlock();
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
