package dev.heddle.coordinator;

import dev.heddle.catalog.Gateways;
import dev.heddle.internal.v1.AboutSession;
import dev.heddle.internal.v1.ChangeOfSession;
import dev.heddle.internal.v1.ListOfSessions;
import dev.heddle.internal.v1.SessionAdministrationGrpc;
import dev.heddle.internal.v1.SessionAdministrationGrpc.SessionAdministrationBlockingStub;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.ChangeSessionRequest;
import dev.heddle.v1.ChangeSessionResponse;
import dev.heddle.v1.CookieSession;
import dev.heddle.v1.CookieSessionsGrpc;
import dev.heddle.v1.EndSessionRequest;
import dev.heddle.v1.EndSessionResponse;
import dev.heddle.v1.GetSessionRequest;
import dev.heddle.v1.ListSessionsRequest;
import dev.heddle.v1.ListSessionsResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * {@code heddle.v1.CookieSessions}: hands on to a gateway what is about cookie sessions. Any one
 * will do, as all have the same view. Blocks, so it runs on virtual threads.
 */
final class CookieSessionsGrpcService extends CookieSessionsGrpc.CookieSessionsImplBase {
  /** Where the caller has no deadline, or a later one. */
  private static final Duration MOST = Duration.ofSeconds(15);

  private final Gateways gateways;

  CookieSessionsGrpcService(Gateways gateways) {
    this.gateways = gateways;
  }

  @Override
  public void get(GetSessionRequest request, StreamObserver<CookieSession> observer) {
    ask(observer, stub -> stub.get(about(request.getSession())));
  }

  @Override
  public void change(ChangeSessionRequest request, StreamObserver<ChangeSessionResponse> observer) {
    ask(
        observer,
        stub ->
            stub.change(
                ChangeOfSession.newBuilder().setTenant(tenant()).setRequest(request).build()));
  }

  @Override
  public void end(EndSessionRequest request, StreamObserver<EndSessionResponse> observer) {
    ask(observer, stub -> stub.end(about(request.getSession())));
  }

  @Override
  public void list(ListSessionsRequest request, StreamObserver<ListSessionsResponse> observer) {
    ask(
        observer,
        stub ->
            stub.list(ListOfSessions.newBuilder().setTenant(tenant()).setRequest(request).build()));
  }

  private static AboutSession about(String session) {
    return AboutSession.newBuilder().setTenant(tenant()).setSession(session).build();
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private <T> void ask(
      StreamObserver<T> observer, Function<SessionAdministrationBlockingStub, T> call) {
    // The gateway's refusals are the answer, with their codes.
    GrpcCalls.unary(
        observer,
        () ->
            call.apply(
                SessionAdministrationGrpc.newBlockingStub(gateways.channel())
                    .withDeadlineAfter(MOST.toNanos(), TimeUnit.NANOSECONDS)));
  }
}
