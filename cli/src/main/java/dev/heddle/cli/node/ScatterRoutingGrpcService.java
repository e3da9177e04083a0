package dev.heddle.cli.node;

import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.RaiseResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.internal.v1.StatisticsRequest;
import dev.heddle.internal.v1.StatisticsResponse;
import dev.heddle.process.HandOffService;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one {@code Scatter} service of a node that is both leaf and coordinator: parts of plans go to
 * the coordinator, shards to the leaf. Both answer questions about calls that are over at once, and
 * know none of each other's.
 */
final class ScatterRoutingGrpcService extends ScatterGrpc.ScatterImplBase
    implements HandOffService {
  private final ScatterGrpc.ScatterImplBase leaf;
  private final ScatterGrpc.ScatterImplBase coordinator;

  private ScatterRoutingGrpcService(
      ScatterGrpc.ScatterImplBase leaf, ScatterGrpc.ScatterImplBase coordinator) {
    this.leaf = leaf;
    this.coordinator = coordinator;
  }

  /**
   * All services of a node, with one for scatter calls.
   *
   * @param leaf none where the node is no leaf
   * @param coordinator none where it is no coordinator
   */
  static List<BindableService> join(List<BindableService> leaf, List<BindableService> coordinator) {
    List<BindableService> joined = new ArrayList<>(leaf);
    joined.addAll(coordinator);
    var one = scatter(leaf);
    var other = scatter(coordinator);
    if (one != null && other != null) {
      joined.remove(one);
      joined.remove(other);
      joined.add(new ScatterRoutingGrpcService(one, other));
    }
    return joined;
  }

  private static ScatterGrpc.@Nullable ScatterImplBase scatter(List<BindableService> services) {
    for (var service : services) {
      if (service instanceof ScatterGrpc.ScatterImplBase scatter) {
        return scatter;
      }
    }
    return null;
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    (request.getPartsCount() > 0 ? coordinator : leaf).execute(request, observer);
  }

  @Override
  public void statistics(StatisticsRequest request, StreamObserver<StatisticsResponse> observer) {
    leaf.statistics(request, observer);
  }

  @Override
  public void raise(RaiseRequest request, StreamObserver<RaiseResponse> observer) {
    (request.getPart() ? coordinator : leaf).raise(request, observer);
  }

  @Override
  public void settle(SettleRequest request, StreamObserver<SettleResponse> observer) {
    leaf.settle(
        request,
        new Settled(observer) {
          @Override
          void then(SettleResponse ofLeaf) {
            coordinator.settle(
                request,
                new Settled(observer) {
                  @Override
                  void then(SettleResponse ofCoordinator) {
                    observer.onNext(
                        ofLeaf.toBuilder().addAllAttempts(ofCoordinator.getAttemptsList()).build());
                    observer.onCompleted();
                  }
                });
          }
        });
  }

  /** Takes one answer; a failure ends the caller's call. */
  private abstract static class Settled implements StreamObserver<SettleResponse> {
    private final StreamObserver<SettleResponse> caller;

    Settled(StreamObserver<SettleResponse> caller) {
      this.caller = caller;
    }

    abstract void then(SettleResponse answer);

    @Override
    public void onNext(SettleResponse answer) {
      then(answer);
    }

    @Override
    public void onError(Throwable failure) {
      caller.onError(failure);
    }

    @Override
    public void onCompleted() {}
  }
}
