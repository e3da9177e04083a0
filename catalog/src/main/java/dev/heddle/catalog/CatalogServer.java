package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.CatalogState.Stored;
import dev.heddle.catalog.CatalogState.StoredLease;
import dev.heddle.process.DataDirectory;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The catalog itself: versioned entries in one file, compare-and-set, watches, leases. A change is
 * on disk before anyone sees it. After a restart every lease has its full time again, so that nodes
 * can come back before they are given up. Safe for any thread.
 */
public final class CatalogServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogServer.class);

  /** Whether leases are not yet, are, or are no longer looked after. */
  private enum Life {
    NEW,
    RUNNING,
    CLOSED
  }

  private final CatalogConfig config;
  private final Ticker ticker;
  private final DataDirectory directory;
  private final CatalogFile file;
  private final CatalogGrpcService service;
  private final ScheduledExecutorService expiry =
      Executors.newSingleThreadScheduledExecutor(Threads.named("catalog-expiry"));
  private final CopyOnWriteArrayList<CatalogWatch> watches = new CopyOnWriteArrayList<>();
  private final AtomicReference<Life> life = new AtomicReference<>(Life.NEW);

  /** Held while a change is decided, stored and handed to the watches: they see them in order. */
  private final ReentrantLock writing = new ReentrantLock();

  /** When each node's lease ends, by key; guarded by {@link #writing}. */
  private final Map<String, Long> leaseEnds = new HashMap<>();

  /** Changed under {@link #writing} only. */
  private volatile CatalogState state;

  /**
   * Opens the directory.
   *
   * @throws HeddleException CONFLICT if another process has it, STORAGE_FAILED if its file is
   *     damaged, which is left as it is
   */
  public CatalogServer(Path directory, Ticker ticker, Clock clock, CatalogConfig config) {
    this.config = config;
    this.ticker = ticker;
    this.directory = DataDirectory.open(directory, CatalogFile.FORMAT, "catalog");
    try {
      this.file = new CatalogFile(directory, clock);
      this.state = file.load();
    } catch (RuntimeException e) {
      expiry.shutdownNow();
      this.directory.close();
      throw e;
    }
    this.service = new CatalogGrpcService(this);
  }

  /** Starts looking after leases. */
  public void start() {
    if (!life.compareAndSet(Life.NEW, Life.RUNNING)) {
      throw new IllegalStateException("catalog server: " + life + " (expected: a new one)");
    }
    writing.lock();
    try {
      long now = ticker.nanoTime();
      state
          .entries()
          .forEach((key, stored) ->
              stored
                  .lease()
                  .ifPresent(lease ->
                      leaseEnds.put(key, now + TimeUnit.MILLISECONDS.toNanos(lease.ttlMillis()))));
    } finally {
      writing.unlock();
    }
    long interval = config.expiryInterval().toNanos();
    Future<?> _ =
        expiry.scheduleWithFixedDelay(this::expireOrLog, interval, interval, TimeUnit.NANOSECONDS);
    log.info(
        "catalog serves cluster={} revision={} entries={} directory={}",
        state.clusterId(),
        state.revision(),
        state.entries().size(),
        directory.path());
  }

  /** The door for nodes: belongs on an internal server only. */
  public BindableService service() {
    if (life.get() == Life.NEW) {
      throw new IllegalStateException("catalog server: not started (expected: start() first)");
    }
    return service;
  }

  public String clusterId() {
    return state.clusterId();
  }

  public long revision() {
    return state.revision();
  }

  /**
   * Ends the leases whose time is over; the server calls it itself at every expiry interval.
   *
   * @return how many have ended
   */
  public int expire() {
    Set<String> over = new HashSet<>();
    try {
      change(before -> {
        long now = ticker.nanoTime();
        leaseEnds.forEach((key, end) -> {
          if (end - now <= 0) {
            over.add(key);
          }
        });
        return over.isEmpty()
            ? Optional.empty()
            : Optional.of(new Step(before.without(over, config), over));
      });
    } catch (HeddleException e) {
      if (e.code() != ErrorCode.STORAGE_FAILED) {
        throw e;
      }
      log.error("leases over, but not stored: trying again later keys={}", over, e);
      return 0;
    }
    if (!over.isEmpty()) {
      log.warn("nodes lost: leases over keys={}", over);
    }
    return over.size();
  }

  /** A round that throws would be the last one. */
  private void expireOrLog() {
    try {
      expire();
    } catch (RuntimeException e) {
      if (life.get() == Life.RUNNING) {
        log.error("leases not looked at: trying again later", e);
      }
    }
  }

  /** Tells all watches that they end, and gives up the directory. */
  @Override
  public void close() {
    if (life.getAndSet(Life.CLOSED) == Life.CLOSED) {
      return;
    }
    expiry.shutdownNow();
    endWatches();
    writing.lock();
    try {
      directory.close();
    } finally {
      writing.unlock();
    }
  }

  /** Applies all changes or none. */
  long write(List<RawChange> changes) {
    return change(before -> {
      Set<String> keys = new HashSet<>();
      changes.forEach(change -> keys.add(change.key()));
      return Optional.of(new Step(before.with(changes, config), keys));
    });
  }

  /**
   * Grants or renews a lease.
   *
   * @throws HeddleException GONE if a newer incarnation of the node has come since
   */
  long renew(NodeRecord node, String value, Duration ttl) {
    if (ttl.compareTo(config.minTtl()) < 0 || ttl.compareTo(config.maxTtl()) > 0) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "ttl: "
              + DurationFormat.format(ttl)
              + " (expected: "
              + DurationFormat.format(config.minTtl())
              + ".."
              + DurationFormat.format(config.maxTtl())
              + ")");
    }
    String key = node.key();
    return change(before -> {
      StoredLease lease = granted(before.entries().get(key), node, ttl.toMillis());
      leaseEnds.computeIfPresent(key, (same, end) -> ticker.nanoTime() + ttl.toNanos());
      Stored held = before.entries().get(key);
      if (held != null
          && held.entry().value().equals(value)
          && held.lease().equals(Optional.of(lease))) {
        return Optional.empty();
      }
      return Optional.of(
          new Step(before.withLease(key, value, lease, config), Set.of(key))
              .then(() -> leaseEnds.put(key, ticker.nanoTime() + ttl.toNanos())));
    });
  }

  /** Ends the lease of this incarnation; nothing happens if it does not hold one. */
  void endLease(String node, String incarnation) {
    String key = CatalogKeys.node(CatalogKeys.checkName("node", node));
    change(before -> {
      Stored held = before.entries().get(key);
      boolean holds =
          held != null && held.lease().filter(l -> l.incarnation().equals(incarnation)).isPresent();
      return holds
          ? Optional.of(new Step(before.without(Set.of(key), config), Set.of(key)))
          : Optional.empty();
    });
  }

  /**
   * A new watch, to be polled whenever {@code signal} is run.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  CatalogWatch watch(Runnable signal) {
    CatalogWatch watch =
        new CatalogWatch(() -> state, config.watcherBuffer(), signal, watches::remove);
    writing.lock();
    try {
      if (life.get() == Life.CLOSED) {
        throw closed();
      }
      if (watches.size() >= config.maxWatchers()) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "watchers: " + watches.size() + " (expected: < " + config.maxWatchers() + ")");
      }
      watches.add(watch);
      return watch;
    } finally {
      writing.unlock();
    }
  }

  /** Ends the watches of now. */
  void endWatches() {
    for (CatalogWatch watch : watches) {
      watch.close();
      watch.signal();
    }
  }

  /** What a change makes of the state. */
  private interface Decision {
    /** Empty: nothing changes. Runs under {@link CatalogServer#writing}. */
    Optional<Step> decide(CatalogState before);
  }

  private record Step(CatalogState after, Set<String> keys, Runnable onStored) {
    Step(CatalogState after, Set<String> keys) {
      this(after, keys, () -> {});
    }

    Step then(Runnable action) {
      return new Step(after, keys, action);
    }
  }

  private long change(Decision decision) {
    long revision;
    writing.lock();
    try {
      if (life.get() == Life.CLOSED) {
        throw closed();
      }
      CatalogState before = state;
      Optional<Step> step = decision.decide(before);
      if (step.isEmpty()) {
        return before.revision();
      }
      CatalogState after = step.get().after();
      file.store(after);
      state = after;
      revision = after.revision();
      leaseEnds.keySet().removeIf(key -> !after.entries().containsKey(key));
      step.get().onStored().run();
      CatalogUpdate update = after.since(before, step.get().keys());
      watches.forEach(watch -> watch.offer(update));
    } finally {
      writing.unlock();
    }
    watches.forEach(CatalogWatch::signal);
    return revision;
  }

  private static StoredLease granted(@Nullable Stored held, NodeRecord node, long ttlMillis) {
    Optional<StoredLease> lease = held == null ? Optional.empty() : held.lease();
    if (lease.isEmpty()) {
      return new StoredLease(node.incarnation(), ttlMillis, List.of());
    }
    StoredLease current = lease.get();
    if (current.incarnation().equals(node.incarnation())) {
      return new StoredLease(node.incarnation(), ttlMillis, current.retired());
    }
    if (current.retired().contains(node.incarnation())) {
      throw new HeddleException(
          ErrorCode.GONE,
          "incarnation of "
              + node.node()
              + ": "
              + node.incarnation()
              + " (expected: "
              + current.incarnation()
              + ", a newer run of the same node)");
    }
    return current.succeededBy(node.incarnation(), ttlMillis);
  }

  private static HeddleException closed() {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "catalog: closed (expected: a running server)");
  }
}
