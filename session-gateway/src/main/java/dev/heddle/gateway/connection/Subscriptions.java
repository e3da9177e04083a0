package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelHub.Subscription;
import dev.heddle.gateway.channel.ChannelHub.Want;
import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.channel.Subscriber;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The channels that one transport listens to. Thread-safe; its own monitor is the lock, as there is
 * one for each connection.
 */
final class Subscriptions implements Subscriber {
  private final Client client;
  private final ClientChannels channels;

  /** Guarded by the monitor, as what follows; a map of its own from the first one on. */
  private Map<String, Subscription> open = Map.of();

  /** Null: there is a transport. */
  private @Nullable Beginning beginning = new Beginning();

  private boolean closed;

  /** Of messages that are about to be handed on: those that waited, and those asked for. */
  private final Promised replayed = new Promised();

  private final Promised asked = new Promised();
  private volatile @Nullable Transport transport;

  /** What is known before there is a transport. */
  private static final class Beginning {
    /** How far the client says that it has come, by channel. */
    final Map<String, ChannelPosition> positions = new HashMap<>();

    /** Of those that it is to listen to or not. */
    final Map<String, Boolean> early = new HashMap<>();

    /** Whether what it listens to at first is not new to it. */
    boolean resumed;
  }

  Subscriptions(Client client, ClientChannels channels) {
    this.client = client;
    this.channels = channels;
  }

  /** Its client comes back, and says how far it has read. */
  synchronized void resumes(Map<String, ChannelPosition> read) {
    Beginning first = beginning;
    if (first == null) {
      throw new IllegalStateException("subscriptions: its transport is open");
    }
    first.resumed = true;
    first.positions.putAll(read);
  }

  /** The transport is open: it is told of these channels from now on. */
  synchronized void opened(Transport opened, Set<String> names) {
    Beginning first = beginning;
    if (first == null) {
      throw new IllegalStateException("subscriptions: its transport is open");
    }
    beginning = null;
    transport = opened;
    Set<String> now = with(names, first.early);
    now.forEach(name -> add(name, first.positions.get(name), first.resumed));
    // Somebody ended these while the client was away, and could not tell it.
    first.positions.keySet().stream()
        .filter(name -> !now.contains(name))
        .forEach(opened::unsubscribed);
  }

  private static Set<String> with(Set<String> names, Map<String, Boolean> changes) {
    var after = new HashSet<>(names);
    changes.forEach((name, listens) -> {
      if (listens) {
        after.add(name);
      } else {
        after.remove(name);
      }
    });
    return after;
  }

  /** Waits until what it listens to has begun, but not for ever. */
  void await() {
    List<Subscription> begins;
    synchronized (this) {
      begins = List.copyOf(open.values());
    }
    Subscription.await(begins);
  }

  /** It listens to these channels, and to no others; returns what begins. */
  synchronized List<Subscription> agree(Set<String> names) {
    if (transport == null) {
      return List.of();
    }
    for (String name : Set.copyOf(open.keySet())) {
      if (!names.contains(name)) {
        remove(name);
      }
    }
    var begins = new ArrayList<Subscription>();
    for (String name : names) {
      if (!open.containsKey(name)) {
        add(name, null, false);
        Subscription begun = open.get(name);
        if (begun != null) {
          begins.add(begun);
        }
      }
    }
    return begins;
  }

  /**
   * It begins to listen to channels, and ends it; returns when it has.
   *
   * @throws HeddleException LIMIT_REACHED for too many
   */
  void change(Set<String> subscribe, Set<String> unsubscribe) {
    List<Subscription> begins;
    synchronized (this) {
      var changes = new HashMap<String, Boolean>();
      unsubscribe.forEach(name -> changes.put(name, false));
      subscribe.forEach(name -> changes.put(name, true));
      int most = channels.hub().limits().subscriptions();
      Beginning first = beginning;
      if (first != null) {
        var after = new HashMap<>(first.early);
        after.putAll(changes);
        requireRoom(with(Set.of(), after).size(), most);
        first.early.putAll(changes);
        return;
      }
      Set<String> after = with(open.keySet(), changes);
      requireRoom(after.size(), most);
      begins = agree(after);
    }
    Subscription.await(begins);
  }

  /**
   * Refuses too many.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  static void requireRoom(int wanted, int most) {
    if (wanted > most) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "channels: the connection would listen to "
              + wanted
              + " (expected: at most "
              + most
              + ")");
    }
  }

  /**
   * It listens to a channel: anew from a position, else on from where it is if it did already.
   *
   * @return false: its client is not told, as it has no transport, or will have one and nobody
   *     knows where this channel is to begin
   */
  synchronized boolean add(String name, @Nullable ChannelPosition after) {
    Beginning first = beginning;
    if (first != null) {
      // It begins with the others, as the grid knows of it.
      if (after != null) {
        first.positions.put(name, after);
      }
      return first.positions.containsKey(name);
    }
    if (closed) {
      return false;
    }
    Subscription before = open.get(name);
    if (before != null && after == null) {
      before.tell();
      return true;
    }
    if (before != null) {
      before.close();
    }
    add(name, after, false);
    return true;
  }

  private void add(String name, @Nullable ChannelPosition after, boolean lost) {
    if (!closed) {
      var key = new ChannelKey(client.tenant(), name);
      Want want = channels.want(client, key, lost, after);
      if (open.isEmpty()) {
        open = new HashMap<>(2);
      }
      open.put(name, channels.hub().subscribe(key, this, want));
    }
  }

  private void remove(String name) {
    Subscription gone = open.remove(name);
    if (open.isEmpty()) {
      open = Map.of();
    }
    Transport to = transport;
    if (gone != null) {
      gone.close();
      if (to != null) {
        to.unsubscribed(name);
      }
    }
  }

  synchronized Set<String> names() {
    return Set.copyOf(open.keySet());
  }

  /** The transport is gone. */
  synchronized void close() {
    closed = true;
    open.values().forEach(Subscription::close);
    open = Map.of();
  }

  @Override
  public String connection() {
    return client.connection();
  }

  @Override
  public String user() {
    return client.principal().orElse("");
  }

  @Override
  public void subscribed(ChannelKey channel, ChannelPosition at, boolean recovered) {
    Transport to = transport;
    if (to != null) {
      to.subscribed(channel.name(), at, recovered);
    }
  }

  @Override
  public boolean takes(long bytes, boolean waited) {
    Transport to = transport;
    if (to == null) {
      return false;
    }
    // What waited does not make its client a slow one, but there is not more of it than so much;
    // what was asked for leaves room for what comes.
    return waited
        ? replayed.take(bytes, to::uncounted, channels.hub().limits().replay().bytes())
        : asked.take(bytes, () -> -to.room() / 2, 0);
  }

  @Override
  public void given(long bytes, boolean waited) {
    (waited ? replayed : asked).give(bytes);
  }

  @Override
  public boolean publication(Publication message, boolean missed) {
    Transport to = transport;
    return to != null && to.publication(message, missed);
  }
}
