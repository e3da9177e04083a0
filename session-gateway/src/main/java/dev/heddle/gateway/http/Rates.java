package dev.heddle.gateway.http;

import dev.heddle.process.Ticker;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A {@link Rate} for each key, of the keys that were used last: a forgotten one begins anew, so
 * that whoever comes under more keys than are remembered gains a burst for each. Thread-safe.
 */
public final class Rates {
  private final long perSecond;
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock. */
  private final Map<String, Rate> rates;

  /**
   * Remembers nobody yet.
   *
   * @param most keys that are remembered
   * @param perSecond what each may take
   */
  public Rates(int most, long perSecond, Ticker ticker) {
    this.perSecond = perSecond;
    this.ticker = ticker;
    this.rates =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Rate> eldest) {
            return size() > most;
          }
        };
  }

  /** As {@link Rate#take}, for a key. */
  public long take(String key, long amount) {
    lock.lock();
    try {
      long now = ticker.nanoTime();
      return rates.computeIfAbsent(key, any -> new Rate(perSecond, now)).take(amount, now);
    } finally {
      lock.unlock();
    }
  }

  /** Keys that are remembered. */
  int size() {
    lock.lock();
    try {
      return rates.size();
    } finally {
      lock.unlock();
    }
  }
}
