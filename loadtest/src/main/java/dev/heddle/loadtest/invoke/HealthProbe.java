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
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Asks a gateway for {@code /healthz} at a steady pace, as many monitors would: each question goes
 * out when it is due, on a connection of its own, so a slow answer counts once. What is late
 * because the probe's thread was late counts, too.
 */
final class HealthProbe implements AutoCloseable {
  private static final double PER_SECOND = 100;
  private static final int CONNECTIONS = 64;

  private final OpenEdgeLoop loop;
  private final LoopRequest request;
  private final Ticker ticker;
  private final FutureTask<OpenLoop.Outcome> task = new FutureTask<>(this::probe);
  private volatile boolean stopped;

  private HealthProbe(HostPort gateway, Ticker ticker) {
    this.request = LoopRequest.get(gateway, "/healthz");
    this.loop = new OpenEdgeLoop(gateway, request, "", ticker);
    this.ticker = ticker;
  }

  static HealthProbe start(HostPort gateway, Ticker ticker) {
    var probe = new HealthProbe(gateway, ticker);
    Threads.named("health-probe").newThread(probe.task).start();
    return probe;
  }

  private OpenLoop.Outcome probe() {
    var limits = new OpenLoop.Limits(CONNECTIONS, Long.MAX_VALUE, Long.MAX_VALUE);
    var steady = Arrivals.steady(PER_SECOND);
    Arrivals arrivals = () -> stopped ? Long.MAX_VALUE : steady.nextNanos();
    return loop.run(
        CONNECTIONS,
        request,
        () -> new OpenLoop("/healthz", arrivals, limits, ticker, RequestLog.NONE),
        Long.MAX_VALUE);
  }

  /**
   * Waits for the answers that are due, and returns all times; also when it has ended before.
   *
   * @throws HeddleException UNAVAILABLE where the gateway could not be reached at all
   */
  LatencyRecorder stop() throws InterruptedException {
    stopped = true;
    try {
      return task.get().times();
    } catch (ExecutionException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "health probe: " + e.getCause(), e);
    }
  }

  /** Some of what was no right answer, once it has ended. */
  List<String> failures() {
    return loop.failures();
  }

  @Override
  public void close() {
    stopped = true;
  }
}
