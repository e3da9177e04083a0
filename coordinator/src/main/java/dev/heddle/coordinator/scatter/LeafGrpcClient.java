package dev.heddle.coordinator.scatter;

import dev.heddle.engine.FunctionRef;
import dev.heddle.function.ScatterRequest;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Sends a query to leaves, and parts of its plan to coordinators. Safe for many threads. */
public final class LeafGrpcClient {
  private final Channels channels;

  public LeafGrpcClient(Channels channels) {
    this.channels = channels;
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
   * @return cancels the call
   */
  public Runnable send(Template template, LeafCall leafCall, Consumer<LeafReply> reply) {
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
            reply.accept(ScatterWire.reply(response, leafCall.leaf().node()));
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

    /** Names the part of the query's tree that calls; empty: all of it. */
    public String branch() {
      return message.getBranch();
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
