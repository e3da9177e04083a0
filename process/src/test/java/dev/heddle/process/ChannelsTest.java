package dev.heddle.process;

import static dev.heddle.process.testing.Eventually.eventually;
import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ChannelsTest {
  private final Closer closer = new Closer();

  @AfterEach
  void close() {
    closer.close();
  }

  private GrpcServer start(HostPort address) {
    GrpcServer server =
        new GrpcServer(
            "test",
            address,
            List.of(TextService.echo()),
            ServerOptions.internal(Credentials.none()),
            false);
    closer.register("server", server);
    server.start();
    return server;
  }

  private Channels channels(int most) {
    ChannelLimits standard = ChannelLimits.defaults();
    return closer.register(
        "channels",
        new Channels(
            Credentials.none(),
            new ChannelLimits(
                most,
                standard.maxInboundMessage(),
                standard.keepAliveTime(),
                standard.keepAliveTimeout(),
                standard.idleTimeout(),
                standard.reconnectFirst(),
                standard.reconnectMost())));
  }

  private static boolean reachable(Channel channel) {
    try {
      String answer =
          ClientCalls.blockingUnaryCall(
              channel,
              TextService.UNARY,
              CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS),
              "");
      return answer.startsWith("default");
    } catch (StatusRuntimeException e) {
      assertSame(ErrorCode.UNAVAILABLE, GrpcErrors.fromStatus(e).code());
      return false;
    }
  }

  @Test
  void thereIsOneChannelPerAddress() {
    Channels channels = channels(10);
    assertSame(channels.to("127.0.0.1:1"), channels.to("127.0.0.1:1"));
    assertNotSame(channels.to("127.0.0.1:1"), channels.to("127.0.0.1:2"));
    assertThrows(IllegalArgumentException.class, () -> channels.to("nowhere"));
  }

  @Test
  void aRestartedNodeIsReachedAgainWithinTwoSeconds() {
    Channels channels = channels(10);
    GrpcServer first = start(new HostPort("127.0.0.1", 0));
    HostPort address = first.address();
    Channel channel = channels.to(address.toString());
    assertTrue(reachable(channel));
    first.close();
    eventually(
        "the channel is seen to fail",
        () -> !reachable(channel) && !channels.usable(address.toString()));
    // Long enough for gRPC's own waits to have grown beyond what is asked for.
    long start = System.nanoTime();
    within(
        Duration.ofSeconds(5),
        "some failed attempts",
        () -> !reachable(channel) && System.nanoTime() - start > 2_500_000_000L);
    start(address);
    within(Duration.ofMillis(2_500), "reached again", () -> reachable(channel));
    assertTrue(channels.usable(address.toString()));
  }

  @Test
  void aRestartedServerOfTheSameProcessIsReachedAgain() {
    Channels channels = channels(10);
    GrpcServer first = start(new HostPort("127.0.0.1", 0));
    channels.local(first);
    String address = first.address().toString();
    Channel channel = channels.to(address);
    assertTrue(reachable(channel));
    first.close();
    eventually("it is away", () -> !reachable(channel));
    start(first.address());
    within(Duration.ofMillis(2_500), "reached again", () -> reachable(channel));
  }

  @Test
  void atTheLimitIdleChannelsMakeRoomAndBusyOnesDoNot() {
    Channels channels = channels(2);
    GrpcServer first = start(new HostPort("127.0.0.1", 0));
    GrpcServer second = start(new HostPort("127.0.0.1", 0));
    Channel busy = channels.to(first.address().toString());
    assertTrue(reachable(busy));
    Channel idle = channels.to("127.0.0.1:1");
    assertTrue(reachable(channels.to(second.address().toString())));
    assertNotSame(idle, channels.to(second.address().toString()));
    HeddleException refused = assertThrows(HeddleException.class, () -> channels.to("127.0.0.1:2"));
    assertSame(ErrorCode.LIMIT_REACHED, refused.code());
    assertEquals("channels: 2 in use (expected: < 2)", refused.getMessage());
    assertSame(busy, channels.to(first.address().toString()));
  }

  @Test
  void whatWasNeverSentIsToldFromWhatMayHaveArrived() throws IOException {
    Channels channels = channels(2);
    // Lets callers connect, and then says nothing.
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      StatusRuntimeException unsent = late(channels.to("127.0.0.1:" + silent.getLocalPort()));
      assertInstanceOf(ConnectException.class, unsent.getCause());
    }
    GrpcServer hanging =
        new GrpcServer(
            "test",
            new HostPort("127.0.0.1", 0),
            List.of(new TextService((request, observer) -> {})),
            ServerOptions.internal(Credentials.none()),
            false);
    closer.register("server", hanging);
    hanging.start();
    assertNull(late(channels.to(hanging.address().toString())).getCause());
  }

  private static StatusRuntimeException late(Channel channel) {
    StatusRuntimeException failure =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                ClientCalls.blockingUnaryCall(
                    channel,
                    TextService.UNARY,
                    CallOptions.DEFAULT.withDeadlineAfter(500, TimeUnit.MILLISECONDS),
                    ""));
    assertSame(ErrorCode.DEADLINE_EXCEEDED, GrpcErrors.fromStatus(failure).code());
    return failure;
  }

  @Test
  void isOfNoUseOnceClosed() {
    Channels channels = channels(2);
    Channel channel = channels.to(start(new HostPort("127.0.0.1", 0)).address().toString());
    assertTrue(reachable(channel));
    channels.close();
    assertSame(
        ErrorCode.UNAVAILABLE,
        assertThrows(HeddleException.class, () -> channels.to("127.0.0.1:1")).code());
    assertFalse(channels.usable("127.0.0.1:1"));
    assertFalse(reachable(channel));
  }
}
