package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks a gateway for {@code /healthz} at a steady pace, on a connection and a thread of its own.
 * What is late because this thread was late counts, too.
 */
final class HealthProbe implements AutoCloseable {
  private static final Duration PACE = Duration.ofMillis(10);

  private final LoopConnection connection;
  private final byte[] request;
  private final Ticker ticker;
  private final LatencyRecorder times = new LatencyRecorder();
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
    long due = ticker.nanoTime();
    while (!stopped) {
      long wait = due - ticker.nanoTime();
      if (wait > 0) {
        LockSupport.parkNanos(wait);
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
      long now = ticker.nanoTime();
      times.record(now - due);
      due = Math.max(now, due + PACE.toNanos());
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
