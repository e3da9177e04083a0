package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.session.ConnectionKey;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Connections whose $connect is in work at this gateway. Their ids are known to the app, which may
 * send to them already: that waits here for the upgrade, bounded, and goes out first of all. There
 * are at most as many as clients that are about to connect. Thread-safe.
 */
final class Arrivals {
  /** Frames that wait for one. */
  static final int MOST_FRAMES = 64;

  /** Bytes that wait for one, except that a single frame may be larger: less than any history. */
  static final int MOST_BYTES = 32 << 10;

  private final ConcurrentHashMap<ConnectionKey, Arrival> arriving = new ConcurrentHashMap<>();
  private final int mostBytes;
  private final int mostChannels;

  /**
   * None yet.
   *
   * @param history bytes that a connection keeps: half of that may wait
   * @param subscriptions that a connection may have
   */
  Arrivals(long history, int subscriptions) {
    this.mostChannels = subscriptions;
    this.mostBytes = (int) Math.min(MOST_BYTES, history / 2);
  }

  /** What became of a frame. */
  enum Outcome {
    HELD,
    FULL,
    /** Its $connect is not in work here. */
    UNKNOWN
  }

  /** A client knocks. */
  Arrival begin(Client client) {
    var arrival = new Arrival(client);
    arriving.put(client.key(), arrival);
    return arrival;
  }

  /** Keeps a frame until the upgrade. */
  Outcome hold(ConnectionKey key, Payload frame) {
    Arrival arrival = arriving.get(key);
    return arrival == null ? Outcome.UNKNOWN : arrival.hold(frame);
  }

  /** Keeps which channels the connection is to listen to, or not, until the upgrade. */
  Outcome channels(ConnectionKey key, Set<String> subscribe, Set<String> unsubscribe) {
    Arrival arrival = arriving.get(key);
    return arrival == null ? Outcome.UNKNOWN : arrival.channels(subscribe, unsubscribe);
  }

  /** Who knocks. */
  Optional<Client> client(ConnectionKey key) {
    return Optional.ofNullable(arriving.get(key)).map(arrival -> arrival.client);
  }

  /** Ends the connection as soon as it has begun; false: its $connect is not in work here. */
  boolean end(ConnectionKey key) {
    Arrival arrival = arriving.get(key);
    return arrival != null && arrival.end();
  }

  int count() {
    return arriving.size();
  }

  /** A connection before its upgrade. */
  final class Arrival {
    private final Client client;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as what follows. */
    private final ArrayDeque<Payload> frames = new ArrayDeque<>();

    private final Map<String, Boolean> channels = new HashMap<>();
    private long bytes;
    private boolean ended;
    private boolean over;

    private Arrival(Client client) {
      this.client = client;
    }

    private Outcome hold(Payload frame) {
      lock.lock();
      try {
        if (over) {
          return Outcome.UNKNOWN;
        }
        int size = frame.bytes().length;
        if (!frames.isEmpty() && (frames.size() >= MOST_FRAMES || bytes + size > mostBytes)) {
          return Outcome.FULL;
        }
        frames.addLast(frame);
        bytes += size;
        return Outcome.HELD;
      } finally {
        lock.unlock();
      }
    }

    private Outcome channels(Set<String> subscribe, Set<String> unsubscribe) {
      lock.lock();
      try {
        if (over) {
          return Outcome.UNKNOWN;
        }
        var after = new HashMap<>(channels);
        unsubscribe.forEach(name -> after.put(name, false));
        subscribe.forEach(name -> after.put(name, true));
        long listened = after.values().stream().filter(listens -> listens).count();
        if (listened > mostChannels || after.size() > ChannelLimits.MOST_SUBSCRIPTIONS) {
          return Outcome.FULL;
        }
        channels.putAll(after);
        return Outcome.HELD;
      } finally {
        lock.unlock();
      }
    }

    private Set<String> channels(boolean listened) {
      return channels.entrySet().stream()
          .filter(each -> each.getValue() == listened)
          .map(Map.Entry::getKey)
          .collect(Collectors.toSet());
    }

    private boolean end() {
      lock.lock();
      try {
        ended = !over;
        return ended;
      } finally {
        lock.unlock();
      }
    }

    /**
     * The connection has begun, and takes frames itself from now on: those that come meanwhile wait
     * until it has got the earlier ones.
     *
     * @param listens told first of channels that it is to listen to, and not to
     * @return whether it is to end at once
     */
    boolean arrived(BiConsumer<Set<String>, Set<String>> listens, Consumer<Payload> each) {
      lock.lock();
      try {
        if (!over) {
          try {
            if (!channels.isEmpty()) {
              listens.accept(channels(true), channels(false));
            }
          } finally {
            // They were taken, whatever becomes of the channels.
            frames.forEach(each);
            leave();
          }
        }
        return ended;
      } finally {
        lock.unlock();
      }
    }

    /** It never begins, where it has not begun. */
    void refused() {
      lock.lock();
      try {
        leave();
      } finally {
        lock.unlock();
      }
    }

    private void leave() {
      over = true;
      frames.clear();
      channels.clear();
      arriving.remove(client.key(), this);
    }
  }
}
