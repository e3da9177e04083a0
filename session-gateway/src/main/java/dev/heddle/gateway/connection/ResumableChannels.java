package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.PeersGrpcClient.Woken;
import dev.heddle.gateway.connection.ResumableConnection.Began;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which channels resumable connections listen to: that stands in the grid, and is agreed on by
 * whoever carries the connection. Blocking; thread-safe.
 */
final class ResumableChannels {
  private final Resumables resumables;
  private final ConnectionTable table;
  private final ClientChannels channels;
  private final ChannelFrames frames;

  ResumableChannels(Resumables resumables, ConnectionTable table, ClientChannels channels) {
    this.resumables = resumables;
    this.table = table;
    this.channels = channels;
    this.frames = new ChannelFrames(this, channels);
  }

  /** What clients say of them. */
  ChannelFrames frames() {
    return frames;
  }

  /**
   * A connection begins to listen to channels, and ends it, wherever it is.
   *
   * @throws HeddleException LIMIT_REACHED for too many, GONE
   */
  void listen(ConnectionKey key, By by, Set<String> subscribe, Set<String> unsubscribe) {
    resumables.deliver(key, change(key, by, subscribe, unsubscribe), null);
  }

  /** As above, as somebody else says than its client; false: there is no such connection. */
  boolean listenIfKnown(ConnectionKey key, Set<String> subscribe, Set<String> unsubscribe) {
    try {
      listen(key, By.OTHERS, subscribe, unsubscribe);
      return true;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.GONE) {
        return false;
      }
      throw e;
    }
  }

  /**
   * A connection begins to listen to a channel: anew from a position, else on from where it is if
   * it did.
   *
   * @param after messages after this are wanted; null: from now on
   * @return where it begins, if nobody carries the connection who would tell its client
   * @throws HeddleException as {@link #listen}; FORBIDDEN for an old token
   */
  Optional<ChannelPosition> subscribe(
      ConnectionKey key, By by, String channel, @Nullable ChannelPosition after) {
    ResumableConnection stay = resumables.here(key).orElse(null);
    Supplier<Known> change = () -> change(key, by, Set.of(channel), Set.of());
    Supplier<ChannelPosition> head =
        () -> channels.hub().head(new ChannelKey(key.tenant(), channel));
    Began began =
        stay == null
            ? new Began(change.get(), Optional.empty())
            : stay.subscribe(channel, after, change, head);
    Known known = began.known();
    if (stay != null && stay.epoch() == known.epoch()) {
      return began.at();
    }
    if (!known.attached()) {
      // Read after the change: what is published from now on comes with the next stay.
      return after == null ? Optional.of(head.get()) : Optional.empty();
    }
    boolean between;
    ResumableConnection newer =
        resumables.here(key).filter(each -> each.epoch() == known.epoch()).orElse(null);
    if (newer == null) {
      between = resumables.wakeElsewhere(key, known) == Woken.BETWEEN_POLLS;
    } else {
      newer.pull();
      between = newer.between();
    }
    if (after != null && !between) {
      // What it is given now might not be what follows that position.
      throw Refusals.of(Outcome.FENCED);
    }
    // Whoever polls next may do so elsewhere: it is told now, or says itself how far it has read.
    return between && after == null ? Optional.of(head.get()) : Optional.empty();
  }

  /**
   * Refuses a client that does not carry its connection any more.
   *
   * @throws HeddleException FORBIDDEN for an old token, GONE
   */
  void requireNewest(ConnectionKey key, By by) {
    if (by.token() > 0) {
      var _ = change(key, by, Set.of(), Set.of());
    } else if (resumables.here(key).filter(stay -> stay.epoch() == by.epoch()).isEmpty()) {
      throw Refusals.of(Outcome.FENCED);
    }
  }

  /** As {@link #listen}, for a connection of which nobody is told. */
  Known change(ConnectionKey key, By by, Set<String> subscribe, Set<String> unsubscribe) {
    int most = channels.hub().limits().subscriptions();
    Change change = table.channels(key, by, subscribe, unsubscribe, most);
    if (change.outcome() == Outcome.FULL) {
      Subscriptions.requireRoom(most + 1, most);
    }
    if (!change.done()) {
      throw Refusals.of(change.outcome());
    }
    return change.get();
  }
}
