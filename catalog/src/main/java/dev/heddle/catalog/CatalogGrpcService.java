package dev.heddle.catalog;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogFetchRequest;
import dev.heddle.internal.v1.CatalogFetchResponse;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogJoinRequest;
import dev.heddle.internal.v1.CatalogJoinResponse;
import dev.heddle.internal.v1.CatalogMembersRequest;
import dev.heddle.internal.v1.CatalogMembersResponse;
import dev.heddle.internal.v1.CatalogVoter;
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
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The catalog's door. Writes block their thread until they are on a majority's disks; watches block
 * nobody. Refusals of a member that does not lead say in a trailer who does.
 */
final class CatalogGrpcService extends CatalogGrpc.CatalogImplBase implements DrainableService {
  private static final Logger log = LoggerFactory.getLogger(CatalogGrpcService.class);

  private final CatalogServer server;

  CatalogGrpcService(CatalogServer server) {
    this.server = server;
  }

  @Override
  public void write(CatalogWriteRequest request, StreamObserver<CatalogWriteResponse> observer) {
    led(
        observer,
        () ->
            CatalogWriteResponse.newBuilder()
                .setRevision(server.write(CatalogWire.write(request, server.limits())))
                .build());
  }

  @Override
  public void watch(CatalogWatchRequest request, StreamObserver<CatalogEvents> observer) {
    try {
      new Stream((ServerCallStreamObserver<CatalogEvents>) observer, request).open();
    } catch (HeddleException e) {
      refuse(observer, e);
    }
  }

  @Override
  public void renewLease(RenewLeaseRequest request, StreamObserver<RenewLeaseResponse> observer) {
    led(
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
    led(
        observer,
        () -> {
          server.endLease(CatalogWire.lease(request));
          return EndLeaseResponse.getDefaultInstance();
        });
  }

  @Override
  public void join(CatalogJoinRequest request, StreamObserver<CatalogJoinResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          Joined joined = server.join(request.getNode(), request.getEmpty());
          CatalogJoinResponse.Builder answer =
              CatalogJoinResponse.newBuilder()
                  .setClusterId(joined.cluster().toString())
                  .setAdmitted(joined.admitted());
          joined.voter().ifPresent(answer::setVoter);
          joined
              .voters()
              .forEach(voter ->
                  answer.addVoters(
                      CatalogVoter.newBuilder()
                          .setNode(voter.node())
                          .setAddress(voter.address().toString())));
          return answer.build();
        });
  }

  @Override
  public void members(
      CatalogMembersRequest request, StreamObserver<CatalogMembersResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          CatalogMembers members = server.members();
          return CatalogMembersResponse.newBuilder()
              .setClusterId(members.clusterId().orElse(""))
              .addAllVoters(members.voters())
              .setLeader(members.leader().orElse(""))
              .setLeaderAddress(members.leaderAddress().orElse(""))
              .setTerm(members.term())
              .setApplied(members.applied())
              .build();
        });
  }

  @Override
  public void fetch(CatalogFetchRequest request, StreamObserver<CatalogFetchResponse> observer) {
    try {
      new Copy(
              (ServerCallStreamObserver<CatalogFetchResponse>) observer,
              server.stored(request.getClusterId()))
          .start();
    } catch (HeddleException e) {
      GrpcCalls.fail(observer, e);
    }
  }

  /** Answers a call that only the leader can answer; others say who that is. */
  private <T> void led(StreamObserver<T> observer, Supplier<T> body) {
    T response;
    try {
      response = body.get();
    } catch (RuntimeException | Error e) {
      refuse(observer, e);
      return;
    }
    observer.onNext(response);
    observer.onCompleted();
  }

  private void refuse(StreamObserver<?> observer, Throwable failure) {
    StatusRuntimeException status = GrpcErrors.toStatus(failure);
    Metadata trailers = status.getTrailers();
    if (trailers != null) {
      server.leaderAddress().ifPresent(address -> trailers.put(CatalogWire.LEADER, address));
    }
    observer.onError(status);
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
    private final String clusterId;
    private final AtomicInteger pending = new AtomicInteger();

    /** Used by the one thread that sends. */
    private final Deque<CatalogEvents> messages = new ArrayDeque<>();

    private boolean completed;

    Stream(ServerCallStreamObserver<CatalogEvents> observer, CatalogWatchRequest request) {
      this.observer = observer;
      this.watch = server.watch(this::send, request.getClusterId(), request.getRevision());
      this.clusterId = server.clusterId().orElse("");
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
          watch.poll().ifPresent(update -> messages.addAll(CatalogWire.events(update, clusterId)));
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

  /** Sends a file as fast as it is taken; gRPC runs one call of it at a time. */
  private static final class Copy {
    private static final int PART = 256 << 10;

    private final ServerCallStreamObserver<CatalogFetchResponse> observer;
    private final InputStream file;
    private boolean ended;

    Copy(ServerCallStreamObserver<CatalogFetchResponse> observer, InputStream file) {
      this.observer = observer;
      this.file = file;
    }

    void start() {
      observer.setOnCancelHandler(this::end);
      observer.setOnReadyHandler(this::send);
    }

    private void send() {
      try {
        while (!ended && observer.isReady()) {
          byte[] part = file.readNBytes(PART);
          if (part.length == 0) {
            end();
            observer.onCompleted();
            return;
          }
          observer.onNext(
              CatalogFetchResponse.newBuilder()
                  .setData(UnsafeByteOperations.unsafeWrap(part))
                  .build());
        }
      } catch (IOException e) {
        end();
        GrpcCalls.fail(
            observer,
            new HeddleException(
                ErrorCode.STORAGE_FAILED, "catalog state: " + e + " (expected: readable)", e));
      }
    }

    private void end() {
      ended = true;
      try {
        file.close();
      } catch (IOException e) {
        log.debug("file not closed", e);
      }
    }
  }
}
