package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.FunctionRef;
import dev.heddle.function.Bound;
import dev.heddle.function.ScatterRequest;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.RaiseResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.TraceSpan;
import dev.heddle.process.Tracing;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a query to leaves, and parts of its plan to coordinators. Safe for many threads. */
public final class LeafGrpcClient {
  private static final Logger LOG = LoggerFactory.getLogger(LeafGrpcClient.class);

  /** What comes later than this is of little use. */
  private static final Duration RAISE_TIMEOUT = Duration.ofSeconds(1);

  private final Channels channels;
  private final Tracing tracing;

  /** Without spans. */
  public LeafGrpcClient(Channels channels) {
    this(channels, Tracing.off());
  }

  /**
   * Creates a client.
   *
   * @param tracing makes a span of each call of a query that is traced
   */
  public LeafGrpcClient(Channels channels, Tracing tracing) {
    this.channels = channels;
    this.tracing = tracing;
  }

  /** What all calls of a query have in common, encoded once. */
  public static Template template(
      String queryId,
      String tenant,
      String datasetId,
      FunctionRef function,
      long catalogRevision,
      ScatterRequest request) {
    return new Template(
        function.name(),
        ScatterWire.common(queryId, tenant, datasetId, function, catalogRevision, request));
  }

  /**
   * Sends the call; the consumer gets the reply exactly once, on a transport thread, also when the
   * call fails or is cancelled.
   *
   * @param why the call is made, for its span: one of few words
   * @return cancels the call
   */
  public Runnable send(
      Template template, String why, LeafCall leafCall, Consumer<LeafReply> reply) {
    var query = RequestContext.current();
    var span = tracing.call(query.trace(), ScatterGrpc.getExecuteMethod(), SpanKind.CLIENT);
    if (!span.recording()) {
      return send(template, leafCall, reply);
    }
    span.set("heddle.node", leafCall.leaf().node())
        .set("heddle.attempt", leafCall.attempt())
        .set("heddle.attempt.kind", why.toLowerCase(Locale.ROOT))
        .set("heddle.shards", leafCall.leaf().shards().size());
    var cancelled = new AtomicBoolean();
    Consumer<LeafReply> told =
        answer -> {
          end(span, answer, cancelled.get());
          reply.accept(answer);
        };
    var below = query.withTrace(span.within(query.trace())).asContext();
    var previous = below.attach();
    try {
      Runnable cancel = send(template, leafCall, told);
      return () -> {
        cancelled.set(true);
        cancel.run();
      };
    } catch (HeddleException e) {
      end(span, new LeafReply.Failure(e), false);
      throw e;
    } finally {
      below.detach(previous);
    }
  }

  /** Who was outrun has not failed. */
  private static void end(TraceSpan span, LeafReply reply, boolean cancelled) {
    span.set("heddle.cancelled", cancelled);
    if (!cancelled && reply instanceof LeafReply.Failure failure) {
      span.failed(failure.cause().code());
    }
    span.end();
  }

  private Runnable send(Template template, LeafCall leafCall, Consumer<LeafReply> reply) {
    var request = ScatterWire.request(template.message, leafCall);
    ClientCall<LeafRequest, LeafResponse> call =
        channels
            .to(leafCall.leaf().address())
            .newCall(
                ScatterGrpc.getExecuteMethod(),
                CallOptions.DEFAULT.withDeadlineAfter(
                    leafCall.timeoutNanos(), TimeUnit.NANOSECONDS));
    ClientCalls.asyncUnaryCall(
        call,
        request,
        new StreamObserver<LeafResponse>() {
          @Override
          public void onNext(LeafResponse response) {
            reply.accept(understood(response, leafCall.leaf().node()));
          }

          @Override
          public void onError(Throwable failure) {
            reply.accept(new LeafReply.Failure(GrpcErrors.fromStatus(failure)));
          }

          @Override
          public void onCompleted() {}
        });
    return () -> call.cancel("the query is over", null);
  }

  /** What makes no sense is the node's failure: the query is not wrong. */
  private static LeafReply understood(LeafResponse response, String node) {
    try {
      return ScatterWire.reply(response, node);
    } catch (RuntimeException e) {
      return new LeafReply.Failure(
          new HeddleException(ErrorCode.INTERNAL, "answer: " + e.getMessage(), e));
    }
  }

  /**
   * Tells a call that is under way, or the coordinator that made one, what was found elsewhere. It
   * may come late or never; nothing comes of that.
   *
   * @param to the call, of this template's query
   * @param part whether it handed a part of the plan out
   */
  public void raise(Template template, String address, Ref to, boolean part, Bound bar) {
    var request =
        RaiseRequest.newBuilder()
            .setTenant(template.message.getTenant())
            .setQueryId(to.queryId())
            .setBranch(to.branch())
            .setAttempt(to.attempt())
            .setPart(part)
            .setBar(bar.least())
            .build();
    try {
      ClientCalls.asyncUnaryCall(
          channels
              .to(address)
              .newCall(
                  ScatterGrpc.getRaiseMethod(),
                  CallOptions.DEFAULT.withDeadlineAfter(
                      RAISE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)),
          request,
          new Unheard());
    } catch (HeddleException e) {
      LOG.debug("bar of query {} not told to {}", to.queryId(), address, e);
    }
  }

  /** Whether it was heard is of no account: who does not know of bars looks at everything. */
  private static final class Unheard implements StreamObserver<RaiseResponse> {
    @Override
    public void onNext(RaiseResponse response) {}

    @Override
    public void onError(Throwable failure) {
      LOG.debug("bar not heard", failure);
    }

    @Override
    public void onCompleted() {}
  }

  /** The common part of a query's calls. */
  public static final class Template {
    private final String function;
    private final LeafRequest message;

    Template(String function, LeafRequest message) {
      this.function = function;
      this.message = message;
    }

    /**
     * Of calls in a tree.
     *
     * @param levels of calls that it has
     * @param explain whether coordinators tell of the calls that they make
     */
    public Template inTree(int levels, boolean explain) {
      return new Template(
          function, message.toBuilder().setLevels(levels).setExplain(explain).build());
    }

    /**
     * Of the calls that a part of the query makes.
     *
     * @param branch which no other part of the query has
     */
    public Template within(String branch) {
      return new Template(function, message.toBuilder().setBranch(branch).build());
    }

    /**
     * Of calls to coordinators that tell this one what they found, while they run.
     *
     * @param node this one's
     */
    public Template heardBy(String node) {
      return new Template(function, message.toBuilder().setCaller(node).build());
    }

    /** Names the part of the query's tree that calls; empty: all of it. */
    public String branch() {
      return message.getBranch();
    }

    /** Whose query it is. */
    public String tenant() {
      return message.getTenant();
    }

    /** Names the query. */
    public String queryId() {
      return message.getQueryId();
    }

    /** Hits that the query asks for. */
    public int k() {
      return message.getRequest().getK();
    }

    /** The function's name. */
    public String function() {
      return function;
    }

    /** Size on the wire. */
    public int bytes() {
      return message.getSerializedSize();
    }
  }
}
