package dev.heddle.leaf;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionLogsWire;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.Invocation;
import dev.heddle.engine.InvocationResult;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Session;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.InvokerReport;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.internal.v1.LeafLogsRequest;
import dev.heddle.internal.v1.WatchInvokerRequest;
import dev.heddle.process.CallerThreadService;
import dev.heddle.process.Channels;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Started;
import dev.heddle.process.Ticker;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;

/** Runs handlers on this leaf, and tells what they wrote and where it is warm. */
final class InvokerGrpcService extends InvokerGrpc.InvokerImplBase implements CallerThreadService {
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private final String node;
  private final Engine engine;
  private final FunctionLogs logs;
  private final ReplicaReports reports;
  private final CatalogClient catalog;
  private final Channels channels;
  private final Ticker ticker;

  /**
   * @param reports whose looks also tell coordinators how this leaf is
   */
  InvokerGrpcService(
      String node,
      Engine engine,
      FunctionLogs logs,
      ReplicaReports reports,
      CatalogClient catalog,
      Channels channels,
      Ticker ticker) {
    this.node = node;
    this.engine = engine;
    this.logs = logs;
    this.reports = reports;
    this.catalog = catalog;
    this.channels = channels;
    this.ticker = ticker;
  }

  @Override
  public void invoke(LeafInvokeRequest request, StreamObserver<InvokeResponse> observer) {
    long start = ticker.nanoTime();
    FunctionRef function;
    InvocationResult result;
    // Whatever fails in an unforeseen way once the engine has it may have run.
    var started = Started.NO;
    try (var _ = CallerWatch.open()) {
      String tenant = RequestContext.current().ownTenant("function", request.getTenant());
      var deadline = Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
      function = LeafWire.function(catalog, tenant, request.getFunction(), deadline);
      var invocation =
          new Invocation(
              request.getInvocationId(),
              tenant,
              RequestContext.current().trace(),
              request.getDepth(),
              PositionToken.parse(request.getPositionToken()),
              deadline,
              session(request, deadline));
      started = Started.UNKNOWN;
      result = engine.invoke(function, request.getEventJson().toByteArray(), invocation);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      observer.onError(started.toStatus(e));
      return;
    } catch (RuntimeException | Error e) {
      observer.onError(started.toStatus(e));
      return;
    }
    switch (result) {
      case InvocationResult.Reply reply -> {
        observer.onNext(response(request, function, reply, ticker.nanoTime() - start));
        observer.onCompleted();
      }
      case InvocationResult.Failed failed -> observer.onError(status(request, function, failed));
    }
  }

  private InvokeResponse response(
      LeafInvokeRequest request,
      FunctionRef function,
      InvocationResult.Reply reply,
      long tookNanos) {
    return InvokeResponse.newBuilder()
        .setResultJson(LeafWire.bytes(reply.json()))
        .setBill(QueryWire.bill(reply.bill()))
        .setVersion(digest(function))
        .setNode(node)
        .setTookMicros(tookNanos / 1_000)
        .setTraceId(RequestContext.current().trace().traceId())
        .setInvocationId(request.getInvocationId())
        .setPositionToken(reply.positions().toString())
        .build();
  }

  /**
   * With a bill if any of the function's code ran, else another leaf may be asked; and with what
   * the invocation has seen, which its caller has seen by it.
   */
  private static StatusRuntimeException status(
      LeafInvokeRequest request, FunctionRef function, InvocationResult.Failed failed) {
    var why = failed.why().withPosition(failed.positions().toString());
    var status = (failed.started() ? Started.YES : Started.NO).toStatus(why);
    Metadata trailers = Optional.ofNullable(status.getTrailers()).orElseGet(Metadata::new);
    if (failed.started()) {
      trailers.put(GrpcMetadata.BILL, QueryWire.bill(failed.bill()).toByteArray());
      trailers.put(GrpcMetadata.INVOCATION, request.getInvocationId());
      trailers.put(GrpcMetadata.FUNCTION_VERSION, digest(function));
    }
    if (failed.retryAfter().isPositive()) {
      trailers.put(GrpcMetadata.RETRY_AFTER_MILLIS, Long.toString(failed.retryAfter().toMillis()));
    }
    return status.getStatus().asRuntimeException(trailers);
  }

  private static String digest(FunctionRef function) {
    return function.version().map(version -> version.digest()).orElse("");
  }

  private Optional<Session> session(LeafInvokeRequest request, Deadline deadline) {
    if (!request.hasSession() || request.getSession().getId().isEmpty()) {
      return Optional.empty();
    }
    var ref = request.getSession();
    checkGateway(ref.getGateway());
    return Optional.of(
        new SessionGrpcClient(
            channels.to(ref.getGateway()), request.getTenant(), ref, deadline, ticker));
  }

  /** Only a gateway of the cluster is called: each call shows the cluster's secret. */
  private void checkGateway(String address) {
    boolean known =
        catalog.known().nodesWith("gateway").stream()
            .anyMatch(gateway -> gateway.internal().equals(address));
    if (!known) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "session: at " + address + " (expected: a gateway that the catalog names)");
    }
  }

  @Override
  public void logs(LeafLogsRequest request, StreamObserver<FunctionLogLine> observer) {
    try {
      new FunctionLogsWire(node, logs, (ServerCallStreamObserver<FunctionLogLine>) observer)
          .open(request);
    } catch (RuntimeException e) {
      GrpcCalls.fail(observer, e);
    }
  }

  @Override
  public void watch(WatchInvokerRequest request, StreamObserver<InvokerReport> observer) {
    new InvokerWatchWire(engine::report, (ServerCallStreamObserver<InvokerReport>) observer)
        .open(reports);
  }
}
