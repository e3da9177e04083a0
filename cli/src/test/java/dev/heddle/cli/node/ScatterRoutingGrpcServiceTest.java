package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.internal.v1.AttemptRef;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.internal.v1.SettledAttempt;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ScatterRoutingGrpcServiceTest {
  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));

  @AfterEach
  void close() {
    closer.close();
  }

  /** Says who it is in the time that it was active; knows what the calls of that number cost. */
  private static final class Side extends ScatterGrpc.ScatterImplBase {
    private final int number;

    Side(int number) {
      this.number = number;
    }

    @Override
    public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
      observer.onNext(
          LeafResponse.newBuilder()
              .setPartial(LeafPartial.newBuilder().setActiveMicros(number))
              .build());
      observer.onCompleted();
    }

    @Override
    public void settle(SettleRequest request, StreamObserver<SettleResponse> observer) {
      if (request.getAttemptsCount() > 3) {
        observer.onError(Status.INVALID_ARGUMENT.asRuntimeException());
        return;
      }
      var response = SettleResponse.newBuilder();
      for (var attempt : request.getAttemptsList()) {
        if (attempt.getAttempt() == number) {
          response.addAttempts(SettledAttempt.newBuilder().setAttempt(attempt));
        }
      }
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }

  private ScatterGrpc.ScatterBlockingStub serve(
      List<BindableService> leaf, List<BindableService> coordinator) {
    var server =
        closer.register(
            "server",
            new GrpcServer(
                "node",
                HostPort.parse("127.0.0.1:0"),
                ScatterRoutingGrpcService.join(leaf, coordinator),
                ServerOptions.internal(Credentials.none()),
                false));
    server.start();
    return ScatterGrpc.newBlockingStub(channels.to(server.address().toString()))
        .withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private static LeafRequest part() {
    return LeafRequest.newBuilder().addParts(PlanPart.newBuilder().setNode("n")).build();
  }

  private static long active(LeafResponse response) {
    return response.getPartial().getActiveMicros();
  }

  private static AttemptRef attempt(int number) {
    return AttemptRef.newBuilder().setQueryId("q").setAttempt(number).build();
  }

  @Test
  void partsGoToTheCoordinatorAndShardsToTheLeaf() {
    var node = serve(List.of(new Side(1)), List.of(new Side(2)));
    assertEquals(1, active(node.execute(LeafRequest.getDefaultInstance())));
    assertEquals(2, active(node.execute(part())));
  }

  @Test
  void bothTellWhatCallsCost() {
    var node = serve(List.of(new Side(1)), List.of(new Side(2)));
    var asked =
        SettleRequest.newBuilder()
            .addAttempts(attempt(2))
            .addAttempts(attempt(1))
            .addAttempts(attempt(3));
    assertEquals(
        List.of(attempt(1), attempt(2)),
        node.settle(asked.build()).getAttemptsList().stream()
            .map(SettledAttempt::getAttempt)
            .toList());
    var tooMany = asked.addAttempts(attempt(4)).build();
    assertThrows(StatusRuntimeException.class, () -> node.settle(tooMany));
  }

  @Test
  void aNodeOfOneRoleHasItsOwn() {
    assertEquals(1, active(serve(List.of(new Side(1)), List.of()).execute(part())));
    assertEquals(2, active(serve(List.of(), List.of(new Side(2))).execute(part())));
  }
}
