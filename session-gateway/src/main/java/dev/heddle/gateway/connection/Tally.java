package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** How many connections there are: of all, of a tenant, of an app. Thread-safe. */
final class Tally {
  private final AtomicInteger all = new AtomicInteger();

  /** By tenant, and by tenant/app: no tenant's name has a slash. */
  private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

  void add(ConnectionKey key, String app) {
    all.incrementAndGet();
    counts.merge(key.tenant(), 1, Tally::sum);
    counts.merge(key.tenant() + "/" + app, 1, Tally::sum);
  }

  /** Of one that was added. */
  void remove(ConnectionKey key, String app) {
    all.decrementAndGet();
    counts.merge(key.tenant(), -1, Tally::sum);
    counts.merge(key.tenant() + "/" + app, -1, Tally::sum);
  }

  /** Below zero for a moment, where a removal overtakes its addition. */
  private static @Nullable Integer sum(Integer one, Integer other) {
    return one + other == 0 ? null : one + other;
  }

  int all() {
    return all.get();
  }

  int ofTenant(String tenant) {
    return counts.getOrDefault(tenant, 0);
  }

  int ofApp(String tenant, String app) {
    return counts.getOrDefault(tenant + "/" + app, 0);
  }
}
