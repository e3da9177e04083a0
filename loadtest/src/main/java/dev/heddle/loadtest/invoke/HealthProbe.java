package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks a gateway for {@code /healthz} at a steady pace, on a connection and a thread of its own.
 * What is late because this thread was late, or an answer before it, counts, too.
 */
final class HealthProbe implements AutoCloseable {
  private static final double PER_SECOND = 100;

  private final LoopConnection connection;
  private final byte[] request;
  private final Ticker ticker;
  private LatencyRecorder times = new LatencyRecorder();
  private final Thread thread = Threads.named("health-probe").newThread(this::probe);
  private volatile boolean stopped;
  private volatile @Nullable String failure;

  private HealthProbe(LoopConnection connection, byte[] request, Ticker ticker) {
    this.connection = connection;
    this.request = request;
    this.ticker = ticker;
  }

  static HealthProbe start(HostPort gateway, Ticker ticker) {
    try {
      var request = LoopRequest.get(gateway, "/healthz").bytes("");
      var probe = new HealthProbe(LoopConnection.open(gateway), request, ticker);
      probe.thread.start();
      return probe;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, gateway + ": " + e, e);
    }
  }

  private void probe() {
    var limits = new OpenLoop.Limits(1, Long.MAX_VALUE, Long.MAX_VALUE);
    var arrivals = Arrivals.steady(PER_SECOND);
    var loop = new OpenLoop("/healthz", arrivals, limits, ticker, RequestLog.NONE);
    while (!stopped) {
      if (loop.send() < 0) {
        LockSupport.parkNanos(loop.waitNanos());
        continue;
      }
      try {
        connection.exchange(request);
      } catch (IOException e) {
        failure = e.toString();
        return;
      }
      if (!connection.ok()) {
        failure = connection.excerpt();
        return;
      }
      loop.ended(0, OpenLoop.End.OK);
      times = loop.outcome().times();
    }
  }

  /** Ends the thread and returns all times; also when it has ended before. */
  LatencyRecorder stop() throws InterruptedException {
    stopped = true;
    thread.join();
    return times;
  }

  /** Why it ended by itself; empty: it did not. */
  Optional<String> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public void close() {
    stopped = true;
    try {
      connection.close();
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "health probe: " + e, e);
    }
  }
}
