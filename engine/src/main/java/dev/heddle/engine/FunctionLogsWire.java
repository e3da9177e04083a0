package dev.heddle.engine;

import dev.heddle.internal.v1.LeafLogsRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * Sends what this node keeps of a function's log, then, if asked, what comes. Where the coordinator
 * reads slowly, the log's reader waits, loses lines, and counts them.
 */
public final class FunctionLogsWire {
  private static final int USUAL_LINES = 100;
  private static final int MOST_LINES = 10_000;

  private final String node;
  private final FunctionLogs logs;
  private final ServerCallStreamObserver<dev.heddle.v1.FunctionLogLine> observer;
  private final Semaphore signals = new Semaphore(0);

  /** Kept lines that are still to come; of the reader alone once there is one. */
  private int kept;

  /**
   * @param node that has the log
   */
  public FunctionLogsWire(
      String node,
      FunctionLogs logs,
      ServerCallStreamObserver<dev.heddle.v1.FunctionLogLine> observer) {
    this.node = node;
    this.logs = logs;
    this.observer = observer;
  }

  /**
   * Sends what is kept, and begins to follow.
   *
   * @throws HeddleException OUT_OF_RANGE, or LIMIT_REACHED with too many readers
   */
  public void open(LeafLogsRequest request) {
    var asked = request.getRequest();
    int lines = asked.getLines() == 0 ? USUAL_LINES : asked.getLines();
    if (lines < 0 || lines > MOST_LINES) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "lines: " + lines + " (expected: 0.." + MOST_LINES + ")");
    }
    var invocation = Optional.of(asked.getInvocationId()).filter(id -> !id.isEmpty());
    var now = logs.read(request.getTenant(), asked.getFunction(), lines, invocation);
    if (!asked.getFollow()) {
      now.forEach(line -> observer.onNext(message(line)));
      observer.onCompleted();
      return;
    }
    kept = now.size();
    if (kept == 0) {
      caughtUp();
    }
    observer.setOnReadyHandler(signals::release);
    var following =
        logs.follow(request.getTenant(), asked.getFunction(), lines, invocation, this::send);
    observer.setOnCancelHandler(() -> {
      following.close();
      signals.release();
    });
  }

  /** On the log's own thread for this reader. */
  private void send(FunctionLogLine line) {
    while (!observer.isReady() && !observer.isCancelled()) {
      signals.acquireUninterruptibly();
    }
    if (observer.isCancelled()) {
      return;
    }
    observer.onNext(message(line));
    kept--;
    if (kept == 0) {
      caughtUp();
    }
  }

  private void caughtUp() {
    observer.onNext(
        dev.heddle.v1.FunctionLogLine.newBuilder().setNode(node).setCaughtUp(true).build());
  }

  private dev.heddle.v1.FunctionLogLine message(FunctionLogLine line) {
    return dev.heddle.v1.FunctionLogLine.newBuilder()
        .setAtMicros(ChronoUnit.MICROS.between(java.time.Instant.EPOCH, line.at()))
        .setNode(node)
        .setFunction(line.function())
        .setVersion(line.version())
        .setInvocationId(line.invocationId())
        .setTraceId(line.traceId())
        .setText(line.text())
        .setLost(line.lost())
        .build();
  }
}
