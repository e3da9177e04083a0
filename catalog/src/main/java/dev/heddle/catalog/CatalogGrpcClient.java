package dev.heddle.catalog;

import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogWatchRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the catalog over one watch stream, from whichever member serves one; writes go to the
 * leader. It knows the addresses that it was given and those of the nodes of its view. While no
 * member is there the last view stays, and they are tried again with growing waits. The view never
 * goes back, and never changes to another cluster's.
 */
public final class CatalogGrpcClient implements CatalogClient {
  private static final Logger log = LoggerFactory.getLogger(CatalogGrpcClient.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  /** So long a catalog that was never seen may take to start before anyone is warned. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  /** How long a waiter trusts its own idea of the deadline: tickers of tests jump. */
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Channels channels;
  private final CatalogAddresses addresses;
  private final Ticker ticker;
  private final CatalogClientConfig config;
  private final CatalogCallsGrpcClient calls;
  private final CatalogListeners listeners = new CatalogListeners(this::view);
  private final Thread watcher = Threads.named("catalog-watch").newThread(this::follow);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}. */
  private @Nullable LeaseKeeper lease;

  /** The watcher's own, as is what follows. */
  private String cluster = "";

  private String watched = "";
  private boolean warned;

  private volatile boolean closed;
  private volatile CatalogView view = CatalogView.empty();
  private volatile String reason = "not asked yet";

  private CatalogGrpcClient(
      Channels channels, List<String> addresses, Ticker ticker, CatalogClientConfig config) {
    this.channels = channels;
    this.addresses = new CatalogAddresses(addresses);
    this.ticker = ticker;
    this.config = config;
    this.calls = new CatalogCallsGrpcClient(channels, this.addresses, config);
  }

  /** A running client of a catalog at one address, with the default config. */
  public static CatalogGrpcClient connect(Channels channels, String address, Ticker ticker) {
    return connect(channels, List.of(address), ticker);
  }

  /** A running client with the default config. */
  public static CatalogGrpcClient connect(
      Channels channels, List<String> addresses, Ticker ticker) {
    return connect(channels, addresses, ticker, CatalogClientConfig.defaults());
  }

  /**
   * A running client; returns at once, whether the catalog is there or not.
   *
   * @param channels outlive the client
   * @param addresses host:port of the internal services of nodes that may have the catalog, at
   *     least one; tried in this order. More are learnt from the view
   */
  public static CatalogGrpcClient connect(
      Channels channels, List<String> addresses, Ticker ticker, CatalogClientConfig config) {
    CatalogGrpcClient client = new CatalogGrpcClient(channels, addresses, ticker, config);
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
  public String reason() {
    return ready() ? "" : "catalog at " + addresses + ": " + reason;
  }

  @Override
  public CatalogView awaitRevision(long revision, Deadline deadline) throws InterruptedException {
    CatalogView newest = view;
    return newest.revision() >= revision ? newest : awaitChange(revision, deadline);
  }

  private CatalogView awaitChange(long revision, Deadline deadline) throws InterruptedException {
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
                  + addresses
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
    return calls.write(changes);
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
        lease = new LeaseKeeper(self, ttl, calls);
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
      closer.register("calls", calls);
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
    long start = ticker.nanoTime();
    Duration wait = config.reconnectFirst();
    while (!closed) {
      boolean delivered = watchAny();
      if (!delivered && !closed && !warned) {
        // While everything starts, the catalog comes when it comes.
        warned = ready() || ticker.nanoTime() - start > QUIET.toNanos();
        if (warned) {
          log.warn(
              "catalog away: the last view stays addresses=\"{}\" revision={} reason=\"{}\"",
              addresses,
              view.revision(),
              reason);
        }
      }
      Duration pause = delivered ? config.reconnectFirst() : wait;
      wait = delivered ? config.reconnectFirst() : config.longer(wait);
      if (!pause(pause)) {
        return;
      }
    }
  }

  /** Watches at one address after the other until one has delivered, and ended. */
  private boolean watchAny() {
    String problem = "";
    for (String address : addresses.forWatches(watched)) {
      if (closed) {
        return false;
      }
      try {
        if (watchAt(address)) {
          return true;
        }
        problem = "stream ended at " + address;
      } catch (StatusRuntimeException e) {
        CatalogWire.leader(e).ifPresent(addresses::leads);
        problem = address + ": " + e.getStatus().getCode() + " " + e.getStatus().getDescription();
      } catch (HeddleException e) {
        problem = address + ": " + e.getMessage();
      } catch (RuntimeException e) {
        problem = address + ": " + e;
        log.error("catalog watch failed address={}", address, e);
      }
      reason = problem;
    }
    return false;
  }

  /** Whether anything came before the stream ended. */
  private boolean watchAt(String address) {
    // A stream that is given up, for whatever reason, ends at the other side, too.
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      Context before = context.attach();
      try {
        return follow(address);
      } finally {
        context.detach(before);
      }
    }
  }

  private boolean follow(String address) {
    CatalogWire.Assembly assembly = new CatalogWire.Assembly();
    boolean delivered = false;
    try {
      Iterator<CatalogEvents> events =
          CatalogGrpc.newBlockingStub(channels.to(address))
              .watch(
                  CatalogWatchRequest.newBuilder()
                      .setClusterId(cluster)
                      .setRevision(Math.max(0, view.revision()))
                      .build());
      while (events.hasNext()) {
        CatalogEvents message = events.next();
        check(message, address);
        assembly.add(message).ifPresent(this::apply);
        if (!delivered) {
          delivered = true;
          delivers(address);
        }
      }
    } catch (StatusRuntimeException e) {
      if (!delivered) {
        throw e;
      }
      log.debug("catalog watch ended address={} status={}", address, e.getStatus());
    }
    return delivered;
  }

  private void delivers(String address) {
    watched = address;
    if (warned) {
      warned = false;
      log.info("catalog back address={}", address);
    }
  }

  private void check(CatalogEvents message, String address) {
    if (cluster.isEmpty()) {
      cluster = message.getClusterId();
    }
    if (!message.getClusterId().equals(cluster)) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "cluster at "
              + address
              + ": "
              + message.getClusterId()
              + " (expected: "
              + cluster
              + ", as before)");
    }
    if (message.getRevision() != 0 && message.getRevision() < view.revision()) {
      throw new HeddleException(
          ErrorCode.STALE_REPLICA,
          "catalog revision at "
              + address
              + ": "
              + message.getRevision()
              + " (expected: >= "
              + view.revision()
              + ")");
    }
  }

  private void apply(CatalogUpdate update) {
    lock.lock();
    try {
      view = view.with(update);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    addresses.learn(view);
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
}
