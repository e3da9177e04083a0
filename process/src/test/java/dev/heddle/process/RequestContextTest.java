package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class RequestContextTest {
  private static final MethodDescriptor<String, String> OPEN = method("heddle.v1.Test");
  private static final MethodDescriptor<String, String> INTERNAL =
      method("heddle.internal.v1.Test");

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));

  @AfterEach
  void close() {
    closer.close();
  }

  private static MethodDescriptor<String, String> method(String service) {
    return TextService.UNARY.toBuilder().setFullMethodName(service + "/Unary").build();
  }

  /** Answers with the position that it was called with. */
  private static BindableService positions(MethodDescriptor<String, String> method) {
    return () ->
        ServerServiceDefinition.builder(
                MethodDescriptor.extractFullServiceName(method.getFullMethodName()))
            .addMethod(
                method,
                ServerCalls.asyncUnaryCall((request, observer) ->
                    GrpcCalls.unary(observer, () -> RequestContext.current().position())))
            .build();
  }

  private Channel serve() {
    GrpcServer server =
        new GrpcServer(
            "test",
            HostPort.parse("127.0.0.1:0"),
            List.of(positions(OPEN), positions(INTERNAL)),
            ServerOptions.internal(Credentials.none()),
            false);
    closer.register("server", server);
    server.start();
    return channels.to(server.address().toString());
  }

  private static String call(
      RequestContext request, Channel channel, MethodDescriptor<String, String> method)
      throws Exception {
    return request
        .asContext()
        .call(() ->
            ClientCalls.blockingUnaryCall(
                channel,
                method,
                CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                "where?"));
  }

  @Test
  void thePositionTravelsToPublicServicesOnly() throws Exception {
    Channel channel = serve();
    RequestContext request = new RequestContext("acme", TraceContext.create());
    assertEquals("", call(request, channel, OPEN));
    assertEquals("AbC-_1", call(request.withPosition("AbC-_1"), channel, OPEN));
    assertEquals("", call(request.withPosition("AbC-_1"), channel, INTERNAL));
  }

  @Test
  void theLongestPositionFitsIntoTheHeaders() throws Exception {
    String longest = "x".repeat(RequestContext.LONGEST_POSITION);
    RequestContext request =
        new RequestContext("acme", TraceContext.create()).withPosition(longest);
    assertEquals(longest, call(request, serve(), OPEN));
  }

  @Test
  void refusesPositionsThatNoHeaderCanCarry() {
    RequestContext request = new RequestContext("acme", TraceContext.create());
    for (String wrong :
        List.of("a b", "a\nb", "ä", "x".repeat(RequestContext.LONGEST_POSITION + 1))) {
      HeddleException failure =
          assertThrows(HeddleException.class, () -> request.withPosition(wrong));
      assertEquals(ErrorCode.INVALID_REQUEST, failure.code());
    }
  }
}
