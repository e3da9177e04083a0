package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Event;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Near;
import dev.heddle.gateway.backend.ServiceClient;
import dev.heddle.gateway.connection.AppSpec.Target;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Optional;

/** Takes events to what answers them: functions and HTTP services. Blocking; thread-safe. */
final class Handlers {
  private final InvocationsGrpcClient functions;
  private final ServiceClient services;

  Handlers(InvocationsGrpcClient functions, ServiceClient services) {
    this.functions = functions;
    this.services = services;
  }

  /** Whether a route may be called once more where nobody knows how far the first call came. */
  static boolean idempotent(Target target) {
    return switch (target) {
      case Target.Query _ -> true;
      case Target.Handler handler -> handler.idempotent();
      case Target.Service service -> service.idempotent();
    };
  }

  /**
   * Has an event answered; once more if the first call was lost and the route allows it.
   *
   * @param route of the target, as clients know it
   * @throws HeddleException what went wrong, FUNCTION_FAILED for an answer that is none
   */
  HandlerReply answer(BackendCall call, String route, Target target, Client client, byte[] event) {
    try {
      return once(call, route, target, client, event);
    } catch (HeddleException e) {
      boolean lost = e.code() == ErrorCode.UNAVAILABLE;
      if (!lost || !idempotent(target) || call.cancelled()) {
        throw e;
      }
      return once(call, route, target, client, event);
    }
  }

  private HandlerReply once(
      BackendCall call, String route, Target target, Client client, byte[] event) {
    return switch (target) {
      case Target.Query query ->
          throw new IllegalStateException("a query of " + query.dataset() + " takes no events");
      case Target.Handler handler -> {
        String session = client.session();
        var result =
            functions.invoke(
                call,
                handler.function(),
                Event.of(event),
                Optional.of(session),
                Near.calls(session));
        yield HandlerReply.parse(result.json());
      }
      case Target.Service service -> {
        ServiceClient.Reply reply = services.post(call, route, service.uri(), event);
        if (reply.status() / 100 != 2) {
          // Its body may be anything, an error page too: it is not the client's.
          yield HandlerReply.status(reply.status());
        }
        yield HandlerReply.parse(reply.body());
      }
    };
  }
}
