package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.Stored;
import dev.heddle.catalog.CatalogState.StoredLease;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * When leases end, as the leader has it in memory: neither renewals nor their times are in the log,
 * so that every lease has its full time again under a new leader. Safe for any thread.
 */
final class Leases {
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();

  /** By key; guarded by {@link #lock}, as is what follows. */
  private final Map<String, Long> ends = new HashMap<>();

  /** Keys of leases that are being ended: what renews them has to go through the log. */
  private final Set<String> ending = new HashSet<>();

  private long term = -1;

  Leases(Ticker ticker) {
    this.ticker = ticker;
  }

  /**
   * Follows the state: leases that were not known have their full time from now on.
   *
   * @param leading term in which this node leads; another one than before: that holds for all
   */
  void follow(long leading, CatalogState state) {
    lock.lock();
    try {
      if (leading != term) {
        term = leading;
        ends.clear();
        ending.clear();
      }
      ends.keySet().removeIf(key -> !state.entries().containsKey(key));
      long now = ticker.nanoTime();
      state
          .entries()
          .tailMap(CatalogKeys.NODE)
          .forEach((key, stored) ->
              stored
                  .lease()
                  .ifPresent(lease ->
                      ends.putIfAbsent(
                          key, now + TimeUnit.MILLISECONDS.toNanos(lease.ttlMillis()))));
    } finally {
      lock.unlock();
    }
  }

  /** Gives all leases their full time again: this process itself may have stood still. */
  void refresh(CatalogState state) {
    lock.lock();
    try {
      ends.clear();
      follow(term, state);
    } finally {
      lock.unlock();
    }
  }

  /** Whether a lease that is known was renewed; false: that has to go through the log. */
  boolean renew(String key, Duration ttl) {
    lock.lock();
    try {
      return !ending.contains(key)
          && ends.computeIfPresent(key, (same, end) -> ticker.nanoTime() + ttl.toNanos()) != null;
    } finally {
      lock.unlock();
    }
  }

  /** A lease was granted through the log. */
  void granted(String key, Duration ttl) {
    lock.lock();
    try {
      ends.put(key, ticker.nanoTime() + ttl.toNanos());
    } finally {
      lock.unlock();
    }
  }

  /** Those whose time is over; they count as being ended until {@link #tried}. */
  List<Lease> over(CatalogState state) {
    List<Lease> over = new ArrayList<>();
    lock.lock();
    try {
      long now = ticker.nanoTime();
      ends.forEach((key, end) -> {
        Stored stored = state.entries().get(key);
        if (stored != null && end - now <= 0) {
          stored.lease().ifPresent(lease -> over.add(named(stored, lease)));
        }
      });
      over.forEach(lease -> ending.add(lease.key()));
    } finally {
      lock.unlock();
    }
    return over;
  }

  private static Lease named(Stored stored, StoredLease lease) {
    CatalogEntry entry = stored.entry();
    return new Lease(
        entry.key().substring(CatalogKeys.NODE.length()), lease.incarnation(), entry.revision());
  }

  /** The attempt to end leases is over, whatever came of it. */
  void tried(List<Lease> leases) {
    lock.lock();
    try {
      leases.forEach(lease -> ending.remove(lease.key()));
    } finally {
      lock.unlock();
    }
  }
}
