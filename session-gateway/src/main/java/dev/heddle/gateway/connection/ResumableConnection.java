package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelHub.Subscription;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Kept;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Missed;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stay of a resumable connection at this gateway, under one epoch. Frames for the client are in
 * the grid before they come here; here they leave in the order of their offsets, each once.
 * Thread-safe.
 */
final class ResumableConnection {
  private static final Logger log = LoggerFactory.getLogger(ResumableConnection.class);

  private final Client client;
  private final long epoch;
  private final String resumeToken;
  private final ConnectionTable table;
  private final Subscriptions subscriptions;
  private final ReentrantLock lock = new ReentrantLock();

  /** Taken last, and never while the grid is asked. */
  private final ReentrantLock reading = new ReentrantLock();

  /** Guarded by the lock of reading, as the two below: what the grid was told that is read. */
  private long told = -1;

  private long read = -1;
  private boolean telling;

  /** Guarded by the lock, as what follows: offset of the last frame that was handed on. */
  private long sent;

  private @Nullable Transport transport;

  /** How it ended before it had a transport; null: it did not. */
  private @Nullable End end;

  /**
   * A stay that has yet to get its transport.
   *
   * @param offset of the last frame that the client has
   */
  ResumableConnection(
      Client client,
      long epoch,
      String resumeToken,
      long offset,
      ConnectionTable table,
      Subscriptions subscriptions) {
    this.client = client;
    this.epoch = epoch;
    this.resumeToken = resumeToken;
    this.sent = offset;
    this.table = table;
    this.subscriptions = subscriptions;
  }

  /** The channels that it listens to. */
  Subscriptions subscriptions() {
    return subscriptions;
  }

  Client client() {
    return client;
  }

  ConnectionKey key() {
    return client.key();
  }

  long epoch() {
    return epoch;
  }

  /** What brings the client back after this stay. */
  String resumeToken() {
    return resumeToken;
  }

  /**
   * The transport is open: first the welcome leaves, then what the client lacks.
   *
   * @param channels that the connection listens to, as far as is known
   */
  void opened(Transport opened, byte[] welcome, Set<String> channels) {
    lock.lock();
    try {
      opened.welcome(sent, welcome);
      transport = opened;
      if (end == null) {
        Set<String> now = pull(opened);
        opened.replayed();
        subscriptions.opened(opened, now == null ? channels : now);
      } else {
        opened.close(end.code(), end.reason());
      }
    } finally {
      lock.unlock();
    }
  }

  /** A frame has got its offset. */
  void appended(long offset, Payload frame) {
    lock.lock();
    try {
      Transport open = transport;
      if (open == null || offset <= sent) {
        return;
      }
      if (offset == sent + 1) {
        sent = offset;
        var _ = open.send(offset, frame);
      } else {
        var _ = pull(open);
      }
    } finally {
      lock.unlock();
    }
  }

  /** What the grid was told, and where a subscription begins that its client is not told of. */
  record Began(Known known, Optional<ChannelPosition> at) {}

  /**
   * It listens to a channel. What the grid is told and what is done here are one: whoever reads
   * meanwhile which channels it listens to, waits.
   *
   * @param after messages after this are wanted; null: from now on
   * @param change tells the grid
   * @param head says where the channel is, after the change
   * @return what it told: of another epoch where somebody else carries the connection by now; and
   *     where it begins, if its client is told by nobody else
   */
  Began subscribe(
      String channel,
      @Nullable ChannelPosition after,
      Supplier<Known> change,
      Supplier<ChannelPosition> head) {
    lock.lock();
    try {
      Known known = change.get();
      if (known.epoch() != epoch || subscriptions.add(channel, after) || after != null) {
        return new Began(known, Optional.empty());
      }
      ChannelPosition at = head.get();
      // It begins there, too, if the transport is about to open.
      var _ = subscriptions.add(channel, at);
      return new Began(known, Optional.of(at));
    } finally {
      lock.unlock();
    }
  }

  /** Hands on what the grid has and the client lacks. */
  void pull() {
    List<Subscription> begins = List.of();
    lock.lock();
    try {
      Set<String> channels = transport == null ? null : pull(transport);
      if (channels != null) {
        begins = subscriptions.agree(channels);
      }
    } finally {
      lock.unlock();
    }
    // Who has it subscribed may publish next.
    Subscription.await(begins);
  }

  /** Returns the channels that the connection listens to; null: that is not known. */
  private @Nullable Set<String> pull(Transport open) {
    Optional<Missed> missed;
    try {
      missed = table.missed(key(), sent);
    } catch (HeddleException e) {
      log.warn("history not read connection={} error={}", client.connection(), e.toString());
      open.close(CloseCodes.INSUFFICIENT, "the history cannot be read");
      return null;
    }
    if (missed.isEmpty()) {
      open.close(CloseCodes.NORMAL, "the connection has ended");
      return null;
    }
    if (!missed.get().complete()) {
      open.close(CloseCodes.INSUFFICIENT, "the history lost a frame that was not sent yet");
      return null;
    }
    for (Kept kept : missed.get().frames()) {
      sent = kept.offset();
      if (!open.send(kept.offset(), new Payload(kept.bytes(), kept.binary()))) {
        break;
      }
    }
    return missed.get().channels();
  }

  /**
   * The client has read up to this offset. At most one step says so to the grid at a time, whatever
   * the client sends: those that come meanwhile become one.
   */
  void acknowledge(long offset) {
    long most = Math.min(offset, sent());
    reading.lock();
    try {
      read = Math.max(read, most);
    } finally {
      reading.unlock();
    }
    tell();
  }

  private void tell() {
    long before;
    long next;
    reading.lock();
    try {
      if (telling || read <= told) {
        return;
      }
      telling = true;
      before = told;
      told = read;
      next = read;
    } finally {
      reading.unlock();
    }
    try {
      var _ =
          table
              .acknowledge(key(), epoch, next)
              .whenComplete((_, failure) -> {
                hasTold(failure == null ? next : before);
                if (failure == null) {
                  tell();
                }
              });
    } catch (RuntimeException e) {
      hasTold(before);
      throw e;
    }
  }

  private void hasTold(long offset) {
    reading.lock();
    try {
      told = offset;
      telling = false;
    } finally {
      reading.unlock();
    }
  }

  /** Offset of the last frame that was handed on. */
  long sent() {
    lock.lock();
    try {
      return sent;
    } finally {
      lock.unlock();
    }
  }

  boolean lags() {
    Transport open = transport();
    return open != null && open.lags();
  }

  /** Ends the transport, not the connection; at its beginning, where it has yet to come. */
  void close(int code, String reason) {
    lock.lock();
    try {
      if (transport == null) {
        end = end == null ? new End(code, reason) : end;
      } else {
        transport.close(code, reason);
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Transport transport() {
    lock.lock();
    try {
      return transport;
    } finally {
      lock.unlock();
    }
  }
}
