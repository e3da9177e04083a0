package dev.heddle.leaf;

import dev.heddle.engine.EngineReport;
import dev.heddle.internal.v1.InvokerReport;
import dev.heddle.internal.v1.WarmVersion;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one coordinator where this leaf is warm and how busy it is, whenever that has changed and
 * the coordinator has read the last report. Looks on the thread that looks at replicas.
 */
final class InvokerWatchWire {
  private static final Logger log = LoggerFactory.getLogger(InvokerWatchWire.class);

  private final Supplier<EngineReport> engine;
  private final ServerCallStreamObserver<InvokerReport> observer;
  private @Nullable EngineReport last;
  private boolean ended;

  InvokerWatchWire(
      Supplier<EngineReport> engine, ServerCallStreamObserver<InvokerReport> observer) {
    this.engine = engine;
    this.observer = observer;
  }

  /** Sends until the coordinator goes. */
  void open(ReplicaReports reports) {
    AutoCloseable looking = reports.onLook(this::tell);
    observer.setOnCancelHandler(() -> end(looking));
    tell();
  }

  private static void end(AutoCloseable looking) {
    try {
      looking.close();
    } catch (Exception e) {
      log.debug("watch of the invoker ended badly", e);
    }
  }

  private synchronized void tell() {
    EngineReport now = engine.get();
    if (ended || now.equals(last) || !observer.isReady() || observer.isCancelled()) {
      return;
    }
    last = now;
    try {
      observer.onNext(message(now));
    } catch (RuntimeException e) {
      // The others' watches must not suffer.
      ended = true;
      log.debug("watch of the invoker ended by a failure", e);
    }
  }

  private static InvokerReport message(EngineReport now) {
    var message = InvokerReport.newBuilder().setRunning(now.running()).setQueued(now.queued());
    for (var warm : now.warm()) {
      message.addWarm(
          WarmVersion.newBuilder()
              .setTenant(warm.tenant())
              .setVersion(warm.version())
              .setIdle(warm.idle()));
    }
    return message.build();
  }
}
