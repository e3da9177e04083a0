package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryWire;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Plain invocations: each goes to the less busy of two leaves chosen at random. One that never
 * reached its leaf goes to another; one that may have begun is never repeated.
 */
final class InvocationsGrpcService extends InvocationsGrpc.InvocationsImplBase {
  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final Channels channels;
  private final FunctionNames names;
  private final Admission admission;
  private final Ticker ticker;
  private final Map<String, AtomicInteger> inFlight = new ConcurrentHashMap<>();

  InvocationsGrpcService(
      CoordinatorConfig config,
      CatalogClient catalog,
      Channels channels,
      FunctionNames names,
      Ticker ticker) {
    this.config = config;
    this.catalog = catalog;
    this.channels = channels;
    this.names = names;
    this.ticker = ticker;
    this.admission = new Admission("invocations", config.invocations());
  }

  @Override
  public void invoke(InvokeRequest request, StreamObserver<InvokeResponse> observer) {
    GrpcCalls.unary(observer, () -> invoke(request));
  }

  private InvokeResponse invoke(InvokeRequest request) {
    long start = ticker.nanoTime();
    String tenant = RequestContext.current().tenant();
    try (var _ = admission.admit()) {
      var view = catalog.known();
      var function = names.resolve(view, tenant, request.getFunction(), FunctionKind.HANDLER);
      var message = message(request, tenant, function, view.revision());
      List<NodeRecord> candidates = new ArrayList<>(view.nodesWith("leaf"));
      while (!candidates.isEmpty()) {
        var leaf = choose(candidates);
        try {
          return billed(call(leaf, message, function), start);
        } catch (StatusRuntimeException e) {
          if (!neverArrived(e)) {
            throw GrpcErrors.fromStatus(e);
          }
          candidates.remove(leaf);
        }
      }
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "leaves: none reachable (expected: at least one)");
    }
  }

  private static LeafInvokeRequest message(
      InvokeRequest request, String tenant, FunctionRef function, long catalogRevision) {
    var message =
        LeafInvokeRequest.newBuilder()
            .setInvocationId(UUID.randomUUID().toString())
            .setTenant(tenant)
            .setFunction(
                dev.heddle.internal.v1.FunctionRef.newBuilder()
                    .setName(function.name())
                    .setCatalogRevision(catalogRevision)
                    .setVersion(function.version().orElseThrow().digest()))
            .setEventJson(request.getEventJson());
    if (request.hasSession()) {
      message.setSession(request.getSession());
    }
    return message.build();
  }

  private InvokeResponse call(NodeRecord leaf, LeafInvokeRequest message, FunctionRef function) {
    var busy = inFlight.computeIfAbsent(leaf.node(), node -> new AtomicInteger());
    busy.incrementAndGet();
    try {
      long timeout =
          Math.min(
              function.version().orElseThrow().timeout().toMillis(),
              config.maxDeadline().toMillis());
      return InvokerGrpc.newBlockingStub(channels.to(leaf.internal()))
          .withDeadlineAfter(timeout, TimeUnit.MILLISECONDS)
          .invoke(message);
    } finally {
      busy.decrementAndGet();
    }
  }

  private NodeRecord choose(List<NodeRecord> candidates) {
    var random = ThreadLocalRandom.current();
    var one = candidates.get(random.nextInt(candidates.size()));
    var other = candidates.get(random.nextInt(candidates.size()));
    return load(one) <= load(other) ? one : other;
  }

  private int load(NodeRecord leaf) {
    var busy = inFlight.get(leaf.node());
    return busy == null ? 0 : busy.get();
  }

  /** No connection was ever made for the call, so nothing can have run. */
  private static boolean neverArrived(StatusRuntimeException failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return true;
      }
    }
    return false;
  }

  private InvokeResponse billed(InvokeResponse response, long start) {
    var bill = config.rates().price(QueryWire.bill(response.getBill()));
    return response.toBuilder()
        .setBill(QueryWire.bill(bill))
        .setTookMicros((ticker.nanoTime() - start) / 1_000)
        .build();
  }
}
