package dev.heddle.coordinator.scatter;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.heddle.engine.Bill;
import dev.heddle.engine.QueryWire;
import dev.heddle.internal.v1.AttemptRef;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.process.Channels;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Asks leaves and coordinators what calls cost. Safe for many threads; nothing blocks. */
public final class SettleGrpcClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Channels channels;

  public SettleGrpcClient(Channels channels) {
    this.channels = channels;
  }

  /**
   * A call to a leaf, or to a coordinator.
   *
   * @param branch the part of the query's tree that called; empty: all of it
   * @param rest of a coordinator: whether only what came after its answer is asked for
   */
  public record Ref(String queryId, String branch, int attempt, boolean rest) {
    /** To a leaf, of the coordinator that the query came to. */
    public Ref(String queryId, int attempt) {
      this(queryId, "", attempt, false);
    }
  }

  /** What the calls cost, as far as the leaf knows. */
  public CompletableFuture<Map<Ref, Bill>> settle(String address, List<Ref> calls) {
    var request = SettleRequest.newBuilder();
    for (var call : calls) {
      request.addAttempts(
          AttemptRef.newBuilder()
              .setQueryId(call.queryId())
              .setBranch(call.branch())
              .setAttempt(call.attempt())
              .setRest(call.rest()));
    }
    CompletableFuture<Map<Ref, Bill>> bills = new CompletableFuture<>();
    try {
      Futures.addCallback(
          ScatterGrpc.newFutureStub(channels.to(address))
              .withDeadlineAfter(TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
              .settle(request.build()),
          new FutureCallback<SettleResponse>() {
            @Override
            public void onSuccess(SettleResponse response) {
              bills.complete(bills(response));
            }

            @Override
            public void onFailure(Throwable failure) {
              bills.completeExceptionally(failure);
            }
          },
          MoreExecutors.directExecutor());
    } catch (HeddleException e) {
      bills.completeExceptionally(e);
    }
    return bills;
  }

  /** The call that is asked about. */
  public static Ref ref(AttemptRef message) {
    return new Ref(
        message.getQueryId(), message.getBranch(), message.getAttempt(), message.getRest());
  }

  private static Map<Ref, Bill> bills(SettleResponse response) {
    Map<Ref, Bill> bills = new HashMap<>();
    for (var attempt : response.getAttemptsList()) {
      bills.put(ref(attempt.getAttempt()), QueryWire.bill(attempt.getBill()));
    }
    return bills;
  }
}
