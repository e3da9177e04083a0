package dev.heddle.catalog;

import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogWatchRequest;
import dev.heddle.internal.v1.CatalogWriteRequest;
import dev.heddle.internal.v1.CatalogWriteResponse;
import dev.heddle.internal.v1.EndLeaseRequest;
import dev.heddle.internal.v1.EndLeaseResponse;
import dev.heddle.internal.v1.RenewLeaseRequest;
import dev.heddle.internal.v1.RenewLeaseResponse;
import dev.heddle.process.DrainableService;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The catalog's door. Writes block their thread until they are on disk; watches block nobody. */
final class CatalogGrpcService extends CatalogGrpc.CatalogImplBase implements DrainableService {
  private static final Logger log = LoggerFactory.getLogger(CatalogGrpcService.class);

  private final CatalogServer server;

  CatalogGrpcService(CatalogServer server) {
    this.server = server;
  }

  @Override
  public void write(CatalogWriteRequest request, StreamObserver<CatalogWriteResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            CatalogWriteResponse.newBuilder()
                .setRevision(
                    server.write(
                        request.getChangesList().stream().map(CatalogWire::change).toList()))
                .build());
  }

  @Override
  public void watch(CatalogWatchRequest request, StreamObserver<CatalogEvents> observer) {
    try {
      new Stream((ServerCallStreamObserver<CatalogEvents>) observer).open();
    } catch (HeddleException e) {
      GrpcCalls.fail(observer, e);
    }
  }

  @Override
  public void renewLease(RenewLeaseRequest request, StreamObserver<RenewLeaseResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            RenewLeaseResponse.newBuilder()
                .setRevision(
                    server.renew(
                        node(request),
                        request.getValue(),
                        Duration.ofMillis(request.getTtlMillis())))
                .build());
  }

  @Override
  public void endLease(EndLeaseRequest request, StreamObserver<EndLeaseResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          server.endLease(request.getNode(), request.getIncarnation());
          return EndLeaseResponse.getDefaultInstance();
        });
  }

  @Override
  public void drain() {
    server.endWatches();
  }

  private static NodeRecord node(RenewLeaseRequest request) {
    NodeRecord node =
        (NodeRecord)
            CatalogJson.read(
                CatalogKeys.node(CatalogKeys.checkName("node", request.getNode())),
                request.getValue());
    if (!node.incarnation().equals(request.getIncarnation())) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "incarnation: "
              + request.getIncarnation()
              + " (expected: "
              + node.incarnation()
              + ", as the value says)");
    }
    return node;
  }

  /**
   * Sends a watch's updates as fast as the client takes them. Run by whichever thread makes
   * something happen, one at a time.
   */
  private final class Stream {
    private final ServerCallStreamObserver<CatalogEvents> observer;
    private final CatalogWatch watch;
    private final AtomicInteger pending = new AtomicInteger();

    /** Used by the one thread that sends. */
    private final Deque<CatalogEvents> messages = new ArrayDeque<>();

    private boolean completed;

    Stream(ServerCallStreamObserver<CatalogEvents> observer) {
      this.observer = observer;
      this.watch = server.watch(this::send);
    }

    void open() {
      observer.setOnCancelHandler(watch::close);
      observer.setOnReadyHandler(this::send);
      send();
    }

    private void send() {
      if (pending.getAndIncrement() > 0) {
        return;
      }
      int seen = 1;
      while (seen > 0) {
        try {
          sendReady();
        } catch (RuntimeException e) {
          // Whoever made the change must not suffer from a watcher that has gone.
          log.debug("watch ended by a failure", e);
          completed = true;
          watch.close();
        }
        seen = pending.addAndGet(-seen);
      }
    }

    private void sendReady() {
      while (!completed && !observer.isCancelled() && observer.isReady()) {
        if (messages.isEmpty()) {
          watch.poll().ifPresent(update -> messages.addAll(CatalogWire.events(update)));
        }
        CatalogEvents message = messages.poll();
        if (message == null) {
          break;
        }
        observer.onNext(message);
      }
      if (!completed && watch.ended() && !observer.isCancelled()) {
        completed = true;
        observer.onCompleted();
      }
    }
  }
}
