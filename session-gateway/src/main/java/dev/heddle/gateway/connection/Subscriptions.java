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
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The channels that one transport listens to. Thread-safe. */
final class Subscriptions implements Subscriber {
  private final Client client;
  private final ClientChannels channels;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as all that follows. */
  private final Map<String, Subscription> open = new HashMap<>();

  /** How far the client says that it has come, by channel. */
  private final Map<String, ChannelPosition> positions = new HashMap<>();

  /** Of those that it is to listen to or not before there is a transport. */
  private final Map<String, Boolean> early = new HashMap<>();

  /** Whether what it listens to at first is not new to it. */
  private boolean resumed;

  private boolean closed;

  /** Of messages that are about to be handed on: those that waited, and those asked for. */
  private final Promised replayed = new Promised();

  private final Promised asked = new Promised();
  private volatile @Nullable Transport transport;

  Subscriptions(Client client, ClientChannels channels) {
    this.client = client;
    this.channels = channels;
  }

  /** Its client comes back, and says how far it has read. */
  void resumes(Map<String, ChannelPosition> read) {
    lock.lock();
    try {
      resumed = true;
      positions.putAll(read);
    } finally {
      lock.unlock();
    }
  }

  /** The transport is open: it is told of these channels from now on. */
  void opened(Transport opened, Set<String> names) {
    lock.lock();
    try {
      transport = opened;
      Set<String> now = with(names, early);
      var _ = agree(now);
      // Somebody ended these while the client was away, and could not tell it.
      positions.keySet().stream().filter(name -> !now.contains(name)).forEach(opened::unsubscribed);
      early.clear();
      resumed = false;
      positions.clear();
    } finally {
      lock.unlock();
    }
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
    lock.lock();
    try {
      begins = List.copyOf(open.values());
    } finally {
      lock.unlock();
    }
    Subscription.await(begins);
  }

  /** It listens to these channels, and to no others; returns what begins. */
  List<Subscription> agree(Set<String> names) {
    lock.lock();
    try {
      if (transport == null) {
        return List.of();
      }
      var begins = new ArrayList<Subscription>();
      for (String name : new HashSet<>(open.keySet())) {
        if (!names.contains(name)) {
          remove(name);
        }
      }
      for (String name : names) {
        if (!open.containsKey(name)) {
          add(name, positions.get(name), resumed);
          Subscription begun = open.get(name);
          if (begun != null) {
            begins.add(begun);
          }
        }
      }
      return begins;
    } finally {
      lock.unlock();
    }
  }

  /**
   * It begins to listen to channels, and ends it; returns when it has.
   *
   * @throws HeddleException LIMIT_REACHED for too many
   */
  void change(Set<String> subscribe, Set<String> unsubscribe) {
    List<Subscription> begins;
    lock.lock();
    try {
      var changes = new HashMap<String, Boolean>();
      unsubscribe.forEach(name -> changes.put(name, false));
      subscribe.forEach(name -> changes.put(name, true));
      int most = channels.hub().limits().subscriptions();
      if (transport == null) {
        var after = new HashMap<>(early);
        after.putAll(changes);
        requireRoom(with(Set.of(), after).size(), most);
        early.putAll(changes);
        return;
      }
      Set<String> after = with(open.keySet(), changes);
      requireRoom(after.size(), most);
      begins = agree(after);
    } finally {
      lock.unlock();
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
  boolean add(String name, @Nullable ChannelPosition after) {
    lock.lock();
    try {
      if (transport == null) {
        // It begins with the others, as the grid knows of it.
        if (after != null) {
          positions.put(name, after);
        }
        return positions.containsKey(name);
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
    } finally {
      lock.unlock();
    }
  }

  private void add(String name, @Nullable ChannelPosition after, boolean lost) {
    if (!closed) {
      var key = new ChannelKey(client.tenant(), name);
      Want want = channels.want(client, key, lost, after);
      open.put(name, channels.hub().subscribe(key, this, want));
    }
  }

  private void remove(String name) {
    Subscription gone = open.remove(name);
    Transport to = transport;
    if (gone != null) {
      gone.close();
      if (to != null) {
        to.unsubscribed(name);
      }
    }
  }

  Set<String> names() {
    lock.lock();
    try {
      return Set.copyOf(open.keySet());
    } finally {
      lock.unlock();
    }
  }

  /** The transport is gone. */
  void close() {
    lock.lock();
    try {
      closed = true;
      open.values().forEach(Subscription::close);
      open.clear();
    } finally {
      lock.unlock();
    }
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
