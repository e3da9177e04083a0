package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.SessionEnding.Ended;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.internal.v1.AboutSession;
import dev.heddle.internal.v1.ChangeOfSession;
import dev.heddle.internal.v1.ListOfSessions;
import dev.heddle.internal.v1.SessionAdministrationGrpc;
import dev.heddle.process.GrpcCalls;
import dev.heddle.v1.ChangeSessionResponse;
import dev.heddle.v1.CookieSession;
import dev.heddle.v1.EndSessionResponse;
import dev.heddle.v1.ListSessionsRequest;
import dev.heddle.v1.ListSessionsResponse;
import dev.heddle.v1.SessionChange;
import io.grpc.stub.StreamObserver;

/** What services, by way of a coordinator, and other gateways ask about sessions. Blocks. */
final class SessionAdministrationGrpcService
    extends SessionAdministrationGrpc.SessionAdministrationImplBase {
  /** Sessions of a list that does not say how long it is to be. */
  static final int USUAL_LIST = 100;

  private final SessionStore store;
  private final SessionEnds ends;

  SessionAdministrationGrpcService(SessionStore store, SessionEnds ends) {
    this.store = store;
    this.ends = ends;
  }

  @Override
  public void get(AboutSession request, StreamObserver<CookieSession> observer) {
    GrpcCalls.unary(
        observer, () -> SessionWire.encode(ends.find(request.getTenant(), request.getSession())));
  }

  @Override
  public void change(ChangeOfSession request, StreamObserver<ChangeSessionResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var changes =
              request.getRequest().getChangesList().stream()
                  .map(SessionAdministrationGrpcService::change)
                  .toList();
          String session = request.getRequest().getSession();
          return ChangeSessionResponse.newBuilder()
              .setApplied(store.change(request.getTenant(), session, changes))
              .build();
        });
  }

  private static SessionStore.Change change(SessionChange change) {
    return new SessionStore.Change(
        change.getName(),
        change.hasValue() ? change.getValue() : null,
        change.hasExpected() ? change.getExpected() : null);
  }

  @Override
  public void end(AboutSession request, StreamObserver<EndSessionResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          String tenant = request.getTenant();
          String session = request.getSession();
          Ended ended =
              request.getHome()
                  ? new Ended(ends.endHere(tenant, session), true)
                  : ends.end(tenant, session);
          return EndSessionResponse.newBuilder()
              .setEnded(ended.ended())
              .setComplete(ended.complete())
              .build();
        });
  }

  @Override
  public void list(ListOfSessions request, StreamObserver<ListSessionsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          ListSessionsRequest asked = request.getRequest();
          int limit = asked.getLimit() == 0 ? USUAL_LIST : asked.getLimit();
          String tenant = request.getTenant();
          return request.getHome()
              ? SessionWire.encode(ends.own(tenant, asked.getAfter(), limit))
              : SessionWire.encode(ends.list(tenant, asked.getAfter(), limit));
        });
  }
}
