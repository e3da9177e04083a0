package dev.heddle.coordinator.scatter;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of reports from every live leaf. One that breaks is opened again after a wait that grows
 * from 100 ms to 2 s, half of it by chance. Safe for any thread; nothing blocks.
 *
 * @param <A> the request
 * @param <B> a report
 */
public final class LeafStreamsGrpcClient<A, B> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LeafStreamsGrpcClient.class);
  private static final long FIRST_WAIT_NANOS = Duration.ofMillis(100).toNanos();
  private static final long MOST_WAIT_NANOS = Duration.ofSeconds(2).toNanos();

  /** Takes what leaves report; must not block. */
  public interface Reader<B> {
    void report(NodeRecord node, B report);

    /** The leaf cannot be reached. */
    void lost(NodeRecord node);
  }

  private final String what;
  private final Channels channels;
  private final MethodDescriptor<A, B> method;
  private final A request;
  private final Reader<B> reader;
  private final ScheduledExecutorService timer;
  private final Supplier<RandomGenerator> random;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}, as is what follows. */
  private final Map<String, Watch> watches = new HashMap<>();

  private boolean closed;

  /**
   * Creates a client without streams.
   *
   * @param what is reported, for the log
   * @param timer for the waits; its owner closes it after this
   */
  public LeafStreamsGrpcClient(
      String what,
      Channels channels,
      MethodDescriptor<A, B> method,
      A request,
      Reader<B> reader,
      ScheduledExecutorService timer,
      Supplier<RandomGenerator> random) {
    this.what = what;
    this.channels = channels;
    this.method = method;
    this.request = request;
    this.reader = reader;
    this.timer = timer;
    this.random = random;
  }

  /** Opens streams to leaves that are new or came back, ends those to leaves that are gone. */
  public void follow(CatalogView view) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      Map<String, NodeRecord> leaves = new HashMap<>();
      view.nodesWith("leaf").forEach(node -> leaves.put(node.node(), node));
      watches
          .values()
          .removeIf(watch -> {
            boolean gone = !watch.node.equals(leaves.get(watch.node.node()));
            if (gone) {
              watch.end();
            }
            return gone;
          });
      leaves.forEach((name, node) -> {
        if (!watches.containsKey(name)) {
          var watch = new Watch(node);
          watches.put(name, watch);
          watch.open();
        }
      });
    } finally {
      lock.unlock();
    }
  }

  /** Ends all streams. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      watches.values().forEach(Watch::end);
      watches.clear();
    } finally {
      lock.unlock();
    }
  }

  /** The stream from one run of a leaf. */
  private final class Watch implements StreamObserver<B> {
    private final NodeRecord node;

    /** Guarded by the client's lock, as is what follows. */
    private @Nullable ClientCall<A, B> call;

    private long waitNanos = FIRST_WAIT_NANOS;
    private boolean broken;

    /** Written under the lock. */
    private volatile boolean ended;

    Watch(NodeRecord node) {
      this.node = node;
    }

    void open() {
      lock.lock();
      try {
        if (!ended) {
          // Of no request: it must not end with one.
          Context.ROOT.run(this::start);
        }
      } finally {
        lock.unlock();
      }
    }

    private void start() {
      try {
        var opened = channels.to(node.internal()).newCall(method, CallOptions.DEFAULT);
        call = opened;
        ClientCalls.asyncServerStreamingCall(opened, request, this);
      } catch (HeddleException e) {
        log.debug("no stream of {} node={} cause={}", what, node.node(), e.getMessage());
        again();
      }
    }

    void end() {
      ended = true;
      if (call != null) {
        call.cancel("no longer of interest", null);
      }
    }

    @Override
    public void onNext(B report) {
      if (ended) {
        return;
      }
      reader.report(node, report);
      lock.lock();
      try {
        if (broken) {
          log.info("stream of {} is back node={}", what, node.node());
        }
        broken = false;
        waitNanos = FIRST_WAIT_NANOS;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onError(Throwable failure) {
      boolean unreachable = Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE;
      lock.lock();
      try {
        if (ended) {
          return;
        }
        if (unreachable) {
          reader.lost(node);
        }
        if (!broken) {
          broken = true;
          log.info(
              "stream of {} broke node={} cause={}",
              what,
              node.node(),
              GrpcErrors.fromStatus(failure).getMessage());
        }
        again();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onCompleted() {
      lock.lock();
      try {
        if (!ended) {
          again();
        }
      } finally {
        lock.unlock();
      }
    }

    /** Tries again after a while. */
    private void again() {
      long wait = waitNanos / 2 + random.get().nextLong(waitNanos / 2 + 1);
      waitNanos = Math.min(MOST_WAIT_NANOS, waitNanos * 2);
      try {
        Future<?> _ = timer.schedule(this::open, wait, TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        log.debug("no stream of {}: closed node={}", what, node.node());
      }
    }
  }
}
