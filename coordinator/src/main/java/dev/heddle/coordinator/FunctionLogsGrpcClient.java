package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.internal.v1.CallsGrpc;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafLogsRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * The log of a function over all nodes that run code, leaves and coordinators: what they keep,
 * merged by time, and then, if asked, what they write, as it comes. Blocks; safe for any thread.
 */
final class FunctionLogsGrpcClient {
  private static final int USUAL_LINES = 100;
  private static final int MOST_LINES = 10_000;

  /** What nodes keep is waited for at most this long: one that hangs must not hold up the rest. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** How often a followed log looks for nodes that came, and whether its reader is still there. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private final CatalogClient catalog;
  private final Channels channels;
  private final Ticker ticker;

  FunctionLogsGrpcClient(CatalogClient catalog, Channels channels, Ticker ticker) {
    this.catalog = catalog;
    this.channels = channels;
    this.ticker = ticker;
  }

  /**
   * Sends lines until all are sent, or while they are followed until the reader goes or its
   * deadline comes.
   *
   * @throws HeddleException OUT_OF_RANGE
   */
  void send(
      String tenant,
      FunctionLogsRequest request,
      ServerCallStreamObserver<FunctionLogLine> observer)
      throws InterruptedException {
    int lines = request.getLines() == 0 ? USUAL_LINES : request.getLines();
    if (lines < 0 || lines > MOST_LINES) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "lines: " + lines + " (expected: 0.." + MOST_LINES + ")");
    }
    var asked =
        LeafLogsRequest.newBuilder()
            .setTenant(tenant)
            .setRequest(request.toBuilder().setLines(lines))
            .build();
    var merge = new FunctionLogMergeWire(lines);
    Context.CancellableContext calls = Context.current().withCancellation();
    try {
      openAll(asked, merge, calls);
      merge.awaitKept(PATIENCE, ticker);
      for (var line : merge.kept()) {
        awaitReady(observer);
        observer.onNext(line);
      }
      if (request.getFollow()) {
        follow(asked, merge, calls, observer);
      }
      observer.onCompleted();
    } finally {
      calls.cancel(null);
    }
  }

  /** Asks those nodes that are not asked already; one of both roles has two logs. */
  private void openAll(
      LeafLogsRequest asked, FunctionLogMergeWire merge, Context.CancellableContext calls) {
    for (var leaf : catalog.view().nodesWith("leaf")) {
      merge
          .join(leaf.node())
          .ifPresent(lines ->
              calls.run(
                  () -> InvokerGrpc.newStub(channels.to(leaf.internal())).logs(asked, lines)));
    }
    for (var coordinator : catalog.view().nodesWith("coordinator")) {
      merge
          .join("coordinator of " + coordinator.node())
          .ifPresent(lines ->
              calls.run(
                  () -> CallsGrpc.newStub(channels.to(coordinator.internal())).logs(asked, lines)));
    }
  }

  private void follow(
      LeafLogsRequest asked,
      FunctionLogMergeWire merge,
      Context.CancellableContext calls,
      ServerCallStreamObserver<FunctionLogLine> observer)
      throws InterruptedException {
    while (!Context.current().isCancelled()) {
      var line = merge.next(LOOK);
      if (line.isPresent()) {
        awaitReady(observer);
        observer.onNext(line.get());
      } else {
        openAll(asked, merge, calls);
      }
    }
  }

  /** Blocks while the reader does not read; its lines then wait, and later ones are lost. */
  private static void awaitReady(ServerCallStreamObserver<?> observer) throws InterruptedException {
    var signals = new Semaphore(0);
    var caller = Context.current();
    Context.CancellationListener gone = context -> signals.release();
    caller.addListener(gone, Runnable::run);
    try {
      while (!observer.isReady() && !caller.isCancelled()) {
        // Nothing signals that the transport has room while this method holds the call's listener.
        var _ = signals.tryAcquire(10, java.util.concurrent.TimeUnit.MILLISECONDS);
      }
    } finally {
      caller.removeListener(gone);
    }
  }
}
