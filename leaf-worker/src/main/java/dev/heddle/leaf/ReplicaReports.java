package dev.heddle.leaf;

import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ReplicaSummary;
import dev.heddle.shard.ShardStatus;
import dev.heddle.shard.ShardStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What reads would cost here now, and who leads what: looked at a few times a second, so that every
 * answer can carry it for nothing. Safe for any thread; owns one.
 */
final class ReplicaReports implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ReplicaReports.class);
  private static final Duration EVERY = Duration.ofMillis(100);

  /** Weight of the newest call in the mean service time. */
  private static final double NEWEST = 0.1;

  /** A shard's place. */
  record Place(String datasetId, int shard) {}

  private final ShardStore store;
  private final IntSupplier queue;
  private final Ticker ticker;
  private final AtomicLong serviceNanos = new AtomicLong();
  private final CopyOnWriteArrayList<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService thread =
      new ScheduledThreadPoolExecutor(1, Threads.named("leaf-reports"));
  private volatile Map<Place, ShardStatus> latest = Map.of();
  private volatile long latestNanos;

  /**
   * @param queue calls that wait for the leaf's compute threads
   */
  ReplicaReports(ShardStore store, IntSupplier queue, Ticker ticker) {
    this.store = store;
    this.queue = queue;
    this.ticker = ticker;
    var _ = thread.scheduleWithFixedDelay(this::look, 0, EVERY.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Notes how long a call ran for one shard. */
  void served(long nanos) {
    serviceNanos.accumulateAndGet(
        nanos,
        (mean, newest) -> mean == 0 ? newest : (long) (mean * (1 - NEWEST) + newest * NEWEST));
  }

  int queueLength() {
    return queue.getAsInt();
  }

  long serviceMicros() {
    return serviceNanos.get() / 1_000;
  }

  /** As last looked at; empty: not here then. */
  Optional<ShardStatus> find(String datasetId, int shard) {
    return Optional.ofNullable(latest.get(new Place(datasetId, shard)));
  }

  /** What the replica holds; empty: it cannot be read now. */
  Optional<ReplicaSummary> summary(Place place) {
    try {
      return Optional.of(store.summary(place.datasetId(), place.shard()));
    } catch (HeddleException e) {
      // It went away meanwhile, or was closed; whoever asks for it is told why.
      log.debug("no summary of {}", place, e);
      return Optional.empty();
    }
  }

  List<ShardStatus> all() {
    return List.copyOf(latest.values());
  }

  /** How long ago that was, in microseconds. */
  long ageMicros() {
    return Math.max(0, ticker.nanoTime() - latestNanos) / 1_000;
  }

  /** Runs {@code listener} after every look, on the looking thread; it must not block. */
  AutoCloseable onLook(Runnable listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  private void look() {
    try {
      Map<Place, ShardStatus> next = new HashMap<>();
      long now = ticker.nanoTime();
      for (ShardStatus status : store.status()) {
        next.put(new Place(status.datasetId(), status.shard()), status);
      }
      latest = Map.copyOf(next);
      latestNanos = now;
      listeners.forEach(Runnable::run);
    } catch (RuntimeException e) {
      // A round that throws would be the last one.
      log.warn("replicas not looked at: trying again", e);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
