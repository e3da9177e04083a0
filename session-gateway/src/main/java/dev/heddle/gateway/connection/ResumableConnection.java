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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stay of a resumable connection at this gateway, under one epoch. Frames for the client are in
 * the grid before they come here; here they leave in the order of their offsets, each once.
 * Thread-safe; its own monitor is the lock, as there is one for each connection.
 */
final class ResumableConnection {
  private static final Logger log = LoggerFactory.getLogger(ResumableConnection.class);

  private final Client client;
  private final long epoch;
  private final ConnectionTable table;
  private final Subscriptions subscriptions;

  /** A lock that is taken last, and never while the grid is asked. */
  private final Object reading = new Object();

  /** Guarded by the lock of reading, as the two below: what the grid was told that is read. */
  private long told = -1;

  private long read = -1;
  private boolean telling;

  /** Guarded by the monitor, as what follows: offset of the last frame that was handed on. */
  private long sent;

  private @Nullable Transport transport;

  /** What ends once this one has begun, or has ended without; null: nothing any more. */
  private @Nullable Runnable before;

  /** How it ended before it had a transport; null: it did not. */
  private @Nullable End end;

  /**
   * A stay that has yet to get its transport.
   *
   * @param offset of the last frame that the client has
   */
  ResumableConnection(
      Client client, long epoch, long offset, ConnectionTable table, Subscriptions subscriptions) {
    this.client = client;
    this.epoch = epoch;
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

  /**
   * The transport is open: first the welcome leaves, then what the client lacks.
   *
   * @param channels that the connection listens to, as far as is known
   */
  synchronized void opened(Transport opened, byte[] welcome, Set<String> channels) {
    opened.welcome(sent, welcome);
    transport = opened;
    if (end == null) {
      Set<String> now = pull(opened);
      opened.replayed();
      subscriptions.opened(opened, now == null ? channels : now);
    } else {
      opened.close(end.code(), end.reason());
    }
    settled();
  }

  /**
   * It follows another stay, which is to end when this one has opened or is over: so whoever sees
   * that the connection listens to a channel does not see it go and come back.
   */
  synchronized void follows(Runnable endsOther) {
    Runnable first = before;
    before =
        first == null
            ? endsOther
            : () -> {
              first.run();
              endsOther.run();
            };
  }

  /** There is nothing to wait for any more before the stay that it follows ends. */
  synchronized void settled() {
    Runnable ends = before;
    before = null;
    if (ends != null) {
      ends.run();
    }
  }

  /**
   * Its client polls again, and has what the last answer had.
   *
   * @param offset of the last frame that it has read
   * @param known what the grid says now: told of or not, nothing in it is missed
   */
  void goesOn(long offset, Known known) {
    acknowledge(offset);
    if (known.last() > sent() || !subscriptions.names().equals(known.channels())) {
      pull();
    }
  }

  /** A frame has got its offset. */
  synchronized void appended(long offset, Payload frame) {
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
  synchronized Began subscribe(
      String channel,
      @Nullable ChannelPosition after,
      Supplier<Known> change,
      Supplier<ChannelPosition> head) {
    Known known = change.get();
    if (known.epoch() != epoch) {
      return new Began(known, Optional.empty());
    }
    boolean between = transport != null && transport.between();
    if (between && after == null) {
      // Whoever polls next may do so elsewhere: it is told now.
      ChannelPosition at = head.get();
      if (!subscriptions.names().contains(channel)) {
        var _ = subscriptions.add(channel, at);
      }
      return new Began(known, Optional.of(at));
    }
    if (subscriptions.add(channel, after) || after != null) {
      return new Began(known, Optional.empty());
    }
    ChannelPosition at = head.get();
    // It begins there, too, if the transport is about to open.
    var _ = subscriptions.add(channel, at);
    return new Began(known, Optional.of(at));
  }

  /** Hands on what the grid has and the client lacks. */
  void pull() {
    List<Subscription> begins = List.of();
    synchronized (this) {
      Set<String> channels = transport == null ? null : pull(transport);
      if (channels != null) {
        begins = subscriptions.agree(channels);
      }
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
    if (missed.get().epoch() != epoch) {
      // Whoever took it over may have said so before this stay was known here; or a grid that lost
      // members knows an older one.
      boolean taken = missed.get().attached() && missed.get().epoch() > epoch;
      int code = taken ? CloseCodes.REPLACED : CloseCodes.GOING_AWAY;
      open.close(code, "carried here no more");
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
    synchronized (reading) {
      read = Math.max(read, most);
    }
    tell();
  }

  private void tell() {
    long before;
    long next;
    synchronized (reading) {
      if (telling || read <= told) {
        return;
      }
      telling = true;
      before = told;
      told = read;
      next = read;
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
    synchronized (reading) {
      told = offset;
      telling = false;
    }
  }

  /** Offset of the last frame that was handed on. */
  synchronized long sent() {
    return sent;
  }

  /** Offset of the last frame that its client may have. */
  synchronized long given() {
    return transport == null ? sent : transport.given(sent);
  }

  /** Whether its client is between two polls. */
  boolean between() {
    Transport open = transport();
    return open != null && open.between();
  }

  boolean lags() {
    Transport open = transport();
    return open != null && open.lags();
  }

  /** Ends the transport, not the connection; at its beginning, where it has yet to come. */
  synchronized void close(int code, String reason) {
    if (transport == null) {
      end = end == null ? new End(code, reason) : end;
    } else {
      transport.close(code, reason);
    }
  }

  private synchronized @Nullable Transport transport() {
    return transport;
  }
}
