package dev.heddle.process;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The channels from this process to other nodes, one per address: in process where the address is
 * served by this JVM, else over TCP. Calls carry trace, tenant and cluster secret of {@link
 * RequestContext#current}. Callbacks of asynchronous calls run on the event loop and must not
 * block. Safe for any thread.
 */
public final class Channels implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Channels.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(1);

  /** A failure's position token, which is in its trailers, and its message. */
  private static final DataSize MOST_METADATA = DataSize.ofKiB(32);

  private record Pooled(ManagedChannel managed, Channel intercepted) {}

  /** A started server of this JVM. */
  private record Local(String name, CallerThreadCalls onCallers) {}

  private final ChannelLimits limits;
  private final NodeCallInterceptor interceptor;
  private final ScheduledExecutorService reconnects =
      Executors.newSingleThreadScheduledExecutor(Threads.named("channel-reconnect"));
  private final ReentrantLock lock = new ReentrantLock();

  /** Changed with the {@link #lock} held only, as is what follows. */
  private final Map<String, Pooled> pool = new ConcurrentHashMap<>();

  private final Map<String, Local> local = new HashMap<>();
  private volatile boolean closed;

  public Channels(Credentials credentials) {
    this(credentials, ChannelLimits.defaults());
  }

  public Channels(Credentials credentials, ChannelLimits limits) {
    this.limits = limits;
    this.interceptor = new NodeCallInterceptor(credentials.clusterSecret());
  }

  /**
   * The channel to an address; ask again for each call rather than keep it for long: a channel that
   * idles may make room for another one.
   *
   * @param hostPort as in {@link HostPort#parse}
   * @throws HeddleException LIMIT_REACHED when too many channels are in use, UNAVAILABLE when
   *     closed
   */
  public Channel to(String hostPort) {
    Pooled open = pool.get(hostPort);
    return open != null ? open.intercepted() : opened(hostPort);
  }

  private Channel opened(String hostPort) {
    lock.lock();
    try {
      if (closed) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "channel to " + hostPort + ": closed (expected: a running node)");
      }
      Pooled known = pool.get(hostPort);
      if (known != null) {
        return known.intercepted();
      }
      if (pool.size() >= limits.maxChannels()) {
        evictIdle();
      }
      ManagedChannel managed = open(hostPort);
      Local server = local.get(hostPort);
      Channel direct = server == null ? managed : server.onCallers().channel(managed);
      Pooled opened = new Pooled(managed, ClientInterceptors.intercept(direct, interceptor));
      pool.put(hostPort, opened);
      return opened.intercepted();
    } finally {
      lock.unlock();
    }
  }

  /**
   * From now on a started server of this JVM is reached in process; and its {@link
   * CallerThreadService}s on the threads of their callers.
   */
  public void local(GrpcServer server) {
    String hostPort = server.address().toString();
    Local now = new Local(server.inProcessName(), server.onCallers());
    @Nullable Pooled replaced = null;
    lock.lock();
    try {
      if (!now.equals(local.put(hostPort, now))) {
        replaced = pool.remove(hostPort);
      }
    } finally {
      lock.unlock();
    }
    if (replaced != null) {
      replaced.managed().shutdown();
    }
  }

  /** Whether a call has a chance: false while the last attempts to connect have failed. */
  public boolean usable(String hostPort) {
    Pooled known = pool.get(hostPort);
    return !closed
        && (known == null
            || known.managed().getState(false) != ConnectivityState.TRANSIENT_FAILURE);
  }

  /** Ends all channels; calls that still run a second later are cut off. */
  @Override
  public void close() {
    List<Pooled> closing;
    lock.lock();
    try {
      closed = true;
      closing = new ArrayList<>(pool.values());
      pool.clear();
    } finally {
      lock.unlock();
    }
    reconnects.shutdownNow();
    closing.forEach(pooled -> pooled.managed().shutdown());
    long start = System.nanoTime();
    try {
      for (Pooled pooled : closing) {
        long left = Math.max(0, CLOSE_GRACE.toNanos() - (System.nanoTime() - start));
        if (!pooled.managed().awaitTermination(left, TimeUnit.NANOSECONDS)) {
          pooled.managed().shutdownNow();
        }
      }
    } catch (InterruptedException e) {
      closing.forEach(pooled -> pooled.managed().shutdownNow());
      Thread.currentThread().interrupt();
    }
  }

  private ManagedChannel open(String hostPort) {
    Local server = local.get(hostPort);
    ManagedChannel channel =
        server == null
            ? overTcp(HostPort.parse(hostPort))
            : InProcessChannelBuilder.forName(server.name())
                .scheduledExecutorService(server.onCallers().deadlines())
                .directExecutor()
                .build();
    new Reconnect(hostPort, channel).watch();
    return channel;
  }

  private ManagedChannel overTcp(HostPort address) {
    return NettyChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        .directExecutor()
        .disableRetry()
        .maxInboundMessageSize(limits.maxInboundMessage().toIntBytes())
        .maxInboundMetadataSize(MOST_METADATA.toIntBytes())
        .keepAliveTime(limits.keepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
        .keepAliveTimeout(limits.keepAliveTimeout().toNanos(), TimeUnit.NANOSECONDS)
        .idleTimeout(limits.idleTimeout().toNanos(), TimeUnit.NANOSECONDS)
        // Nodes talk to each other directly, whatever proxy the environment names.
        .proxyDetector(target -> null)
        .build();
  }

  /** Idle channels carry no calls: the first one found makes room. */
  private void evictIdle() {
    Iterator<Pooled> all = pool.values().iterator();
    while (all.hasNext()) {
      Pooled pooled = all.next();
      if (pooled.managed().getState(false) == ConnectivityState.IDLE) {
        all.remove();
        pooled.managed().shutdown();
        return;
      }
    }
    throw new HeddleException(
        ErrorCode.LIMIT_REACHED,
        "channels: " + pool.size() + " in use (expected: < " + limits.maxChannels() + ")");
  }

  /**
   * Shortens the waits between attempts to connect: gRPC starts at a second and goes up to two
   * minutes, during which a restarted node would stay out of reach. Runs inside the channel's own
   * serialization and on {@link #reconnects}; all its state is guarded by its lock.
   */
  private final class Reconnect {
    private final String hostPort;
    private final ManagedChannel channel;
    private final ReentrantLock guard = new ReentrantLock();
    private Duration wait = limits.reconnectFirst();
    private boolean waiting;

    Reconnect(String hostPort, ManagedChannel channel) {
      this.hostPort = hostPort;
      this.channel = channel;
    }

    void watch() {
      ConnectivityState state = channel.getState(false);
      changed(state);
      if (state != ConnectivityState.SHUTDOWN) {
        channel.notifyWhenStateChanged(state, this::watch);
      }
    }

    private void changed(ConnectivityState state) {
      guard.lock();
      try {
        if (state == ConnectivityState.READY) {
          if (wait.compareTo(limits.reconnectFirst()) > 0) {
            log.info("connected again address={}", hostPort);
          }
          wait = limits.reconnectFirst();
        } else if (state == ConnectivityState.TRANSIENT_FAILURE) {
          schedule();
        }
      } finally {
        guard.unlock();
      }
    }

    private void schedule() {
      if (waiting) {
        return;
      }
      try {
        Future<?> _ = reconnects.schedule(this::attempt, wait.toNanos(), TimeUnit.NANOSECONDS);
        waiting = true;
      } catch (RejectedExecutionException e) {
        log.debug("not connecting again: closed address={}", hostPort);
      }
      Duration doubled = wait.multipliedBy(2);
      wait = doubled.compareTo(limits.reconnectMost()) < 0 ? doubled : limits.reconnectMost();
    }

    private void attempt() {
      guard.lock();
      try {
        waiting = false;
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
          channel.resetConnectBackoff();
          schedule();
        }
      } finally {
        guard.unlock();
      }
    }
  }
}
