package dev.heddle.catalog;

import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogWatchRequest;
import dev.heddle.internal.v1.CatalogWriteRequest;
import dev.heddle.internal.v1.EndLeaseRequest;
import dev.heddle.internal.v1.RenewLeaseRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a catalog server over one watch stream. While the server is away the last view stays, and
 * it is tried again with growing waits.
 */
public final class CatalogGrpcClient implements CatalogClient {
  private static final Logger log = LoggerFactory.getLogger(CatalogGrpcClient.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  /** How long a waiter trusts its own idea of the deadline: tickers of tests jump. */
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Channels channels;
  private final String address;
  private final Ticker ticker;
  private final CatalogClientConfig config;
  private final CatalogListeners listeners = new CatalogListeners(this::view);
  private final Thread watcher = Threads.named("catalog-watch").newThread(this::follow);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}. */
  private @Nullable LeaseKeeper lease;

  private volatile boolean closed;
  private volatile CatalogView view = CatalogView.empty();

  private CatalogGrpcClient(
      Channels channels, String address, Ticker ticker, CatalogClientConfig config) {
    this.channels = channels;
    this.address = address;
    this.ticker = ticker;
    this.config = config;
  }

  /** A running client with the default config. */
  public static CatalogGrpcClient connect(Channels channels, String address, Ticker ticker) {
    return connect(channels, address, ticker, CatalogClientConfig.defaults());
  }

  /**
   * A running client; returns at once, whether the server is there or not.
   *
   * @param channels outlive the client
   * @param address host:port of the internal services of the process with the catalog
   */
  public static CatalogGrpcClient connect(
      Channels channels, String address, Ticker ticker, CatalogClientConfig config) {
    CatalogGrpcClient client = new CatalogGrpcClient(channels, address, ticker, config);
    client.watcher.start();
    return client;
  }

  @Override
  public CatalogView view() {
    return view;
  }

  @Override
  public boolean ready() {
    return view.revision() >= 0;
  }

  @Override
  public CatalogView awaitRevision(long revision, Deadline deadline) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (view.revision() < revision) {
        long left = deadline.remainingNanos(ticker);
        if (left <= 0 || closed) {
          throw new HeddleException(
              ready() ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.CATALOG_UNAVAILABLE,
              "catalog revision: "
                  + view.revision()
                  + " (expected: >= "
                  + revision
                  + " by the deadline, from "
                  + address
                  + ")");
        }
        long _ = changed.awaitNanos(Math.min(left, LONGEST_WAIT_NANOS));
      }
      return view;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public AutoCloseable onChange(Consumer<CatalogView> listener) {
    return listeners.add(listener);
  }

  @Override
  public long write(List<Change> changes) {
    CatalogWriteRequest request =
        CatalogWriteRequest.newBuilder()
            .addAllChanges(changes.stream().map(CatalogWire::change).toList())
            .build();
    return call(() -> stub(config.callTimeout()).write(request).getRevision());
  }

  @Override
  public void register(NodeRecord self, Duration ttl) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("catalog client: closed (expected: a running one)");
      }
      if (lease != null) {
        lease.replace(self, ttl);
      } else {
        lease = new LeaseKeeper(self, ttl, new LeaseCalls());
        lease.start();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    Closer closer = new Closer();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      changed.signalAll();
      closer.register("listeners", listeners);
      closer.register("watch", this::endWatch);
      if (lease != null) {
        closer.register("lease", lease);
      }
    } finally {
      lock.unlock();
    }
    closer.close();
  }

  private void endWatch() throws InterruptedException {
    watcher.interrupt();
    watcher.join(CLOSE_GRACE);
  }

  /** The watcher's thread. */
  private void follow() {
    Duration wait = config.reconnectFirst();
    boolean away = false;
    while (!closed) {
      long before = view.revision();
      String reason = "stream ended";
      try {
        watchOnce(away);
      } catch (StatusRuntimeException e) {
        reason = e.getStatus().getCode() + " " + e.getStatus().getDescription();
      } catch (RuntimeException e) {
        log.error("catalog watch failed address={}", address, e);
      }
      boolean moved = view.revision() != before;
      if (!closed && (!away || moved)) {
        log.warn("catalog away: the last view stays address={} reason=\"{}\"", address, reason);
      }
      away = true;
      wait = moved ? config.reconnectFirst() : doubled(wait);
      if (!pause(wait)) {
        return;
      }
    }
  }

  private void watchOnce(boolean away) {
    CatalogWire.Assembly assembly = new CatalogWire.Assembly();
    Iterator<CatalogEvents> events =
        CatalogGrpc.newBlockingStub(channels.to(address))
            .watch(CatalogWatchRequest.getDefaultInstance());
    boolean first = true;
    while (events.hasNext()) {
      assembly.add(events.next()).ifPresent(this::apply);
      if (first && away) {
        log.info("catalog back address={}", address);
      }
      first = false;
    }
  }

  private void apply(CatalogUpdate update) {
    CatalogView before = view;
    if (update.revision() < before.revision()) {
      log.warn(
          "catalog went back: another one is served address={} revision={} before={}",
          address,
          update.revision(),
          before.revision());
    }
    lock.lock();
    try {
      view = before.with(update);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    listeners.changed();
  }

  /** False: stop. */
  private boolean pause(Duration time) {
    lock.lock();
    try {
      // Many nodes lose the same server at the same moment.
      long left = ThreadLocalRandom.current().nextLong(time.toNanos() / 2, time.toNanos() + 1);
      while (left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private Duration doubled(Duration wait) {
    Duration more = wait.multipliedBy(2);
    return more.compareTo(config.reconnectMost()) < 0 ? more : config.reconnectMost();
  }

  private CatalogGrpc.CatalogBlockingStub stub(Duration timeout) {
    return CatalogGrpc.newBlockingStub(channels.to(address))
        .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      HeddleException failure = GrpcErrors.fromStatus(e);
      if (failure.code() == ErrorCode.UNAVAILABLE) {
        throw new HeddleException(
            ErrorCode.CATALOG_UNAVAILABLE,
            "catalog at " + address + ": " + failure.getMessage() + " (expected: a running one)",
            e);
      }
      throw failure;
    }
  }

  private final class LeaseCalls implements LeaseKeeper.Calls {
    @Override
    public void renew(NodeRecord node, Duration ttl, Duration timeout) {
      RenewLeaseRequest request =
          RenewLeaseRequest.newBuilder()
              .setNode(node.node())
              .setIncarnation(node.incarnation())
              .setValue(CatalogJson.write(node))
              .setTtlMillis(ttl.toMillis())
              .build();
      long _ = call(() -> stub(timeout).renewLease(request).getRevision());
    }

    @Override
    public void end(NodeRecord node, Duration timeout) {
      EndLeaseRequest request =
          EndLeaseRequest.newBuilder()
              .setNode(node.node())
              .setIncarnation(node.incarnation())
              .build();
      Object _ = call(() -> stub(timeout).endLease(request));
    }
  }
}
