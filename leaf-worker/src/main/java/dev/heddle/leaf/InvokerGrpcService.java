package dev.heddle.leaf;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.Invocation;
import dev.heddle.function.Session;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;

/** Runs handlers on this leaf. */
final class InvokerGrpcService extends InvokerGrpc.InvokerImplBase {
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private final String node;
  private final Engine engine;
  private final CatalogClient catalog;
  private final Channels channels;
  private final Ticker ticker;

  InvokerGrpcService(
      String node, Engine engine, CatalogClient catalog, Channels channels, Ticker ticker) {
    this.node = node;
    this.engine = engine;
    this.catalog = catalog;
    this.channels = channels;
    this.ticker = ticker;
  }

  @Override
  public void invoke(LeafInvokeRequest request, StreamObserver<InvokeResponse> observer) {
    GrpcCalls.unary(observer, () -> invoke(request));
  }

  private InvokeResponse invoke(LeafInvokeRequest request) throws InterruptedException {
    long start = ticker.nanoTime();
    var deadline = Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
    var function = LeafWire.function(catalog, request.getTenant(), request.getFunction(), deadline);
    String traceId = RequestContext.current().trace().traceId();
    var result =
        engine.invoke(
            function,
            request.getEventJson().toByteArray(),
            new Invocation(
                request.getInvocationId(),
                request.getTenant(),
                traceId,
                deadline,
                session(request, deadline)));
    return InvokeResponse.newBuilder()
        .setResultJson(LeafWire.bytes(result.json()))
        .setBill(
            Bill.newBuilder()
                .setActiveNanos(result.activeNanos())
                .setCpuNanos(result.cpuNanos())
                .setQueueNanos(result.queueNanos())
                .setMemoryMibNanos(result.activeNanos() * (result.memoryCap() >> 20))
                .setBytesSent(result.json().length)
                .setComplete(true))
        .setVersion(function.version().map(version -> version.digest()).orElse(""))
        .setNode(node)
        .setTookMicros((ticker.nanoTime() - start) / 1_000)
        .setTraceId(traceId)
        .build();
  }

  private Optional<Session> session(LeafInvokeRequest request, Deadline deadline) {
    if (!request.hasSession() || request.getSession().getId().isEmpty()) {
      return Optional.empty();
    }
    var ref = request.getSession();
    return Optional.of(
        new SessionGrpcClient(
            channels.to(ref.getGateway()), request.getTenant(), ref.getId(), deadline, ticker));
  }
}
