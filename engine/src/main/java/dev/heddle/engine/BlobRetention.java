package dev.heddle.engine;

import dev.heddle.catalog.CatalogView;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes code that no version in the catalog has named for an hour: that long, since code is
 * stored before anything names it. Safe for any thread.
 */
public final class BlobRetention {
  private static final Duration KEPT = Duration.ofHours(1);
  private static final Duration PACE = Duration.ofMinutes(1);
  private static final Logger log = LoggerFactory.getLogger(BlobRetention.class);

  private final BlobStore store;
  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final Map<String, Instant> unnamed = new HashMap<>();
  private Instant next = Instant.MIN;

  public BlobRetention(BlobStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Looks, now and then, which blobs nothing names any more. Call it with each new view. */
  public void follow(CatalogView view) {
    // Before the catalog was seen, it seems to name nothing.
    if (view.revision() < 1) {
      return;
    }
    lock.lock();
    try {
      var now = clock.instant();
      if (!now.isBefore(next)) {
        next = now.plus(PACE);
        delete(named(view), now);
      }
    } catch (HeddleException e) {
      log.warn("code that nothing names stays reason={}", e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  private static Set<String> named(CatalogView view) {
    var named = new HashSet<String>();
    for (var function : view.allFunctions()) {
      for (var version : function.versions()) {
        named.add(version.blob());
        version.compiled().ifPresent(named::add);
      }
    }
    return named;
  }

  /** Call with the lock held. */
  private void delete(Set<String> named, Instant now) {
    var stored = Set.copyOf(store.digests());
    unnamed.keySet().removeIf(digest -> named.contains(digest) || !stored.contains(digest));
    for (var digest : stored) {
      if (named.contains(digest)) {
        continue;
      }
      var since = unnamed.putIfAbsent(digest, now);
      if (since != null && !now.isBefore(since.plus(KEPT))) {
        var _ = store.delete(digest);
        unnamed.remove(digest);
        log.info("code deleted digest={} unnamed-since={}", digest, since);
      }
    }
  }
}
