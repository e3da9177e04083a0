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
    counts.merge(key.tenant(), 1, Integer::sum);
    counts.merge(key.tenant() + "/" + app, 1, Integer::sum);
  }

  /** Of one that was added. */
  void remove(ConnectionKey key, String app) {
    all.decrementAndGet();
    counts.computeIfPresent(key.tenant(), Tally::less);
    counts.computeIfPresent(key.tenant() + "/" + app, Tally::less);
  }

  private static @Nullable Integer less(String name, Integer count) {
    return count == 1 ? null : count - 1;
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
