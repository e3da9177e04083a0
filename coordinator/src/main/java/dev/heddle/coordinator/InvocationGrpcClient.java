package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryWire;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Started;
import dev.heddle.process.Ticker;
import dev.heddle.process.Tracing;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Plain invocations, each at a leaf of {@link InvokerChoice}. One that never reached its leaf goes
 * to another; one that its leaf had no room for is tried at one other; one that may have begun is
 * never repeated. Blocks; safe for any thread.
 */
final class InvocationGrpcClient {
  /** What another leaf may have room for: the last one is of a leaf that stops. */
  private static final Set<ErrorCode> NO_ROOM =
      Set.of(ErrorCode.QUEUE_FULL, ErrorCode.OVERLOADED, ErrorCode.UNAVAILABLE);

  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final Channels channels;
  private final FunctionNames names;
  private final InvokerTable table;
  private final InvokerChoice choice;
  private final Billed billed;
  private final Ticker ticker;
  private final Counter elsewhere;
  private final MeterRegistry registry;
  private final Tracing tracing;

  /** As many as there are words for why: to find a meter by its tags takes longer than to count. */
  private final Map<Why, Counter> scheduled = new ConcurrentHashMap<>();

  InvocationGrpcClient(
      CoordinatorConfig config,
      CatalogClient catalog,
      Channels channels,
      FunctionNames names,
      InvokerTable table,
      InvokerChoice choice,
      Billed billed,
      Ticker ticker,
      MeterRegistry registry,
      Tracing tracing) {
    this.config = config;
    this.catalog = catalog;
    this.channels = channels;
    this.names = names;
    this.table = table;
    this.choice = choice;
    this.billed = billed;
    this.ticker = ticker;
    this.registry = registry;
    this.tracing = tracing;
    this.elsewhere = registry.counter("heddle_coordinator_invocations_tried_elsewhere");
  }

  /**
   * Who calls.
   *
   * @param depth calls above this one; 0: it comes from outside
   * @param position token of what the caller has written or seen; empty: none
   */
  record Caller(String tenant, int depth, String position) {}

  /**
   * Invokes a handler and waits for its answer.
   *
   * @throws StatusRuntimeException what it failed with; its trailers say whether any of its code
   *     ran, and hold its bill if so
   * @throws HeddleException for what was refused before it was sent anywhere
   */
  InvokeResponse invoke(InvokeRequest request, Caller caller) {
    long start = ticker.nanoTime();
    var view = catalog.known();
    var function =
        names.resolve(view, caller.tenant(), request.getFunction(), FunctionKind.HANDLER);
    var version = function.version().orElseThrow();
    boolean http = takesHttpEvent(request, version, function);
    var message = message(request, caller, function, http, view.revision());
    var wanted = wanted(request, caller, version.digest(), view);
    List<NodeRecord> candidates = new ArrayList<>(view.nodesWith("leaf"));
    boolean refused = false;
    String why = "first";
    while (!candidates.isEmpty()) {
      var chosen = choice.choose(candidates, wanted);
      var leaf = chosen.leaf();
      count(chosen);
      try {
        return billed(call(leaf, message, why), caller, http, start, chosen);
      } catch (StatusRuntimeException e) {
        boolean arrived = !neverArrived(e);
        boolean again = !arrived || (!refused && noRoom(e) && candidates.size() > 1);
        if (!again) {
          throw failure(e, caller, function, leaf);
        }
        refused |= arrived;
        candidates.remove(leaf);
        elsewhere.increment();
        why = "retry";
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE, "leaves: none reachable (expected: at least one)");
  }

  /** What the call had better be near to; a document that is not there is near to nothing. */
  private static InvokerChoice.Wanted wanted(
      InvokeRequest request, Caller caller, String digest, CatalogView view) {
    var place = new InvokerTable.Version(caller.tenant(), digest);
    String dataset = request.getNearDataset();
    if (dataset.isEmpty() != request.getNearId().isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "near: dataset '%s', id '%s' (expected: both or neither)"
              .formatted(dataset, request.getNearId()));
    }
    Set<String> nodes =
        dataset.isEmpty()
            ? Set.of()
            : view.dataset(caller.tenant(), dataset)
                .map(record -> Set.copyOf(record.shardOf(request.getNearId()).nodes()))
                .orElse(Set.of());
    return new InvokerChoice.Wanted(place, request.getLocalityKey(), !nodes.isEmpty(), nodes);
  }

  /** What spoke for a leaf, in words of which there are few. */
  private record Why(String policy, String session, String code, String data) {}

  private void count(InvokerChoice.Chosen chosen) {
    var why = new Why(chosen.policy(), chosen.session(), chosen.code(), chosen.data());
    scheduled.computeIfAbsent(why, this::counter).increment();
  }

  private Counter counter(Why why) {
    return registry.counter(
        "heddle_coordinator_invocations_scheduled",
        "policy",
        why.policy(),
        "session",
        why.session(),
        "code",
        why.code(),
        "data",
        why.data());
  }

  /** Whether the function gets the HTTP event of the request. */
  private static boolean takesHttpEvent(
      InvokeRequest request, FunctionVersion version, FunctionRef function) {
    if (version.event() != EventShape.HTTP) {
      return false;
    }
    boolean there = !request.getHttpEventJson().isEmpty();
    if (!there && request.getHttpEventRequired()) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "event: a JSON body (expected: an HTTP event, which " + function.label() + " takes)");
    }
    return there;
  }

  private static LeafInvokeRequest message(
      InvokeRequest request,
      Caller caller,
      FunctionRef function,
      boolean http,
      long catalogRevision) {
    ByteString event = http ? request.getHttpEventJson() : request.getEventJson();
    var message =
        LeafInvokeRequest.newBuilder()
            .setInvocationId(invocationId())
            .setTenant(caller.tenant())
            .setFunction(
                dev.heddle.internal.v1.FunctionRef.newBuilder()
                    .setName(function.name())
                    .setCatalogRevision(catalogRevision)
                    .setVersion(function.version().orElseThrow().digest()))
            .setEventJson(event)
            .setDepth(caller.depth())
            .setPositionToken(caller.position());
    if (request.hasSession()) {
      message.setSession(request.getSession());
    }
    return message.build();
  }

  /** Random, but no secret: it need not wait for the system's source of secrets. */
  private static String invocationId() {
    var random = ThreadLocalRandom.current();
    long high = (random.nextLong() & ~0xf000L) | 0x4000L;
    long low = (random.nextLong() & ~(3L << 62)) | (2L << 62);
    return new UUID(high, low).toString();
  }

  private InvokeResponse call(NodeRecord leaf, LeafInvokeRequest message, String why) {
    var caller = RequestContext.current();
    var span = tracing.call(caller.trace(), InvokerGrpc.getInvokeMethod(), SpanKind.CLIENT);
    if (!span.recording()) {
      return call(leaf, message);
    }
    span.set("heddle.node", leaf.node()).set("heddle.attempt.kind", why);
    var below = caller.withTrace(span.within(caller.trace())).asContext();
    var previous = below.attach();
    try {
      return call(leaf, message);
    } catch (StatusRuntimeException e) {
      span.failed(GrpcErrors.fromStatus(e).code());
      throw e;
    } finally {
      below.detach(previous);
      span.end();
    }
  }

  private InvokeResponse call(NodeRecord leaf, LeafInvokeRequest message) {
    var deadline = Deadline.ofGrpc(Context.current().getDeadline(), config.maxDeadline(), ticker);
    try (var _ = table.sent(leaf.node())) {
      return InvokerGrpc.newBlockingStub(channels.to(leaf.internal()))
          .withDeadlineAfter(deadline.remainingNanos(ticker), TimeUnit.NANOSECONDS)
          .invoke(message);
    }
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

  /** The leaf refused the event, and none of the function's code ran. */
  private static boolean noRoom(StatusRuntimeException failure) {
    return NO_ROOM.contains(GrpcErrors.fromStatus(failure).code())
        && Started.of(failure) == Started.NO;
  }

  private InvokeResponse billed(
      InvokeResponse response,
      Caller caller,
      boolean http,
      long start,
      InvokerChoice.Chosen chosen) {
    return response.toBuilder()
        .setBill(priced(response.getBill(), caller))
        .setHttpReply(http)
        .setPlacement(chosen.text())
        .setTookMicros((ticker.nanoTime() - start) / 1_000)
        .build();
  }

  /** With its price. Those of calls within calls are in the outer one's, too. */
  private Bill priced(Bill bill, Caller caller) {
    var known = QueryWire.bill(bill);
    if (caller.depth() == 0) {
      billed.invocation(known);
    }
    return bill.toBuilder().setCostPicos(config.rates().picos(known)).build();
  }

  /** What the leaf answered, its bill priced; or that it did not answer. */
  private StatusRuntimeException failure(
      StatusRuntimeException failure, Caller caller, FunctionRef function, NodeRecord leaf) {
    var told = failure.getTrailers();
    boolean answered = told != null && told.containsKey(GrpcErrors.ERROR);
    var known = GrpcErrors.fromStatus(failure);
    var why = answered ? known : lost(known, function, leaf);
    var status = Started.of(failure).toStatus(why);
    var sent = status.getTrailers();
    var trailers = sent == null ? new Metadata() : sent;
    if (told != null) {
      byte @Nullable [] bill = told.get(GrpcMetadata.BILL);
      if (bill != null) {
        trailers.put(GrpcMetadata.BILL, priced(bill, caller));
      }
      copy(told, trailers, GrpcMetadata.INVOCATION);
      copy(told, trailers, GrpcMetadata.FUNCTION_VERSION);
      copy(told, trailers, GrpcMetadata.RETRY_AFTER_MILLIS);
    }
    return status.getStatus().withCause(failure).asRuntimeException(trailers);
  }

  private static HeddleException lost(HeddleException how, FunctionRef function, NodeRecord leaf) {
    return new HeddleException(
        how.code(),
        "function %s on %s: %s (expected: an answer); it may have run"
            .formatted(function.label(), leaf.node(), how.getMessage()),
        how);
  }

  private byte[] priced(byte[] bill, Caller caller) {
    try {
      return priced(Bill.parseFrom(bill), caller).toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(
          "bill of a failed invocation: unreadable (expected: a bill)", e);
    }
  }

  private static void copy(Metadata from, Metadata to, Metadata.Key<String> key) {
    String value = from.get(key);
    if (value != null) {
      to.put(key, value);
    }
  }
}
