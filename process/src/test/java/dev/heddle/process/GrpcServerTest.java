package dev.heddle.process;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class GrpcServerTest {
  private static final HostPort ANY_PORT = new HostPort("127.0.0.1", 0);

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));

  @TempDir Path directory;

  @AfterEach
  void close() {
    closer.close();
  }

  private GrpcServer start(TextService service, ServerOptions options) {
    return start(ANY_PORT, service, options);
  }

  private GrpcServer start(HostPort address, TextService service, ServerOptions options) {
    GrpcServer server = new GrpcServer("test", address, List.of(service), options, true);
    closer.register("server", server);
    server.start();
    return server;
  }

  private static ServerOptions open() {
    return ServerOptions.internal(Credentials.none());
  }

  private static String call(Channel channel, String request) {
    return ClientCalls.blockingUnaryCall(
        channel,
        TextService.UNARY,
        CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
        request);
  }

  private static <T> CompletableFuture<T> async(Supplier<T> work) {
    return CompletableFuture.supplyAsync(
        work, task -> Threads.virtual("async").newThread(task).start());
  }

  private static ErrorCode failure(Channel channel) {
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> call(channel, "x"));
    Metadata trailers = Objects.requireNonNull(failure.getTrailers());
    assertEquals(32, Objects.requireNonNull(trailers.get(GrpcErrors.TRACE)).length());
    return GrpcErrors.fromStatus(failure).code();
  }

  /** A client from outside. */
  private Channel client(GrpcServer server, String... headers) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.address().port()).usePlaintext().build();
    closer.register("client", channel::shutdownNow);
    Metadata metadata = new Metadata();
    for (int i = 0; i < headers.length; i += 2) {
      metadata.put(Metadata.Key.of(headers[i], Metadata.ASCII_STRING_MARSHALLER), headers[i + 1]);
    }
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  @Test
  void tenantAndTraceTravelOverTcpAndInProcess() throws Exception {
    GrpcServer server = start(TextService.echo(), open());
    RequestContext request = new RequestContext("acme", TraceContext.create());
    String expected = "acme " + request.trace().traceId() + " hello";
    String address = server.address().toString();
    assertNotEquals(0, server.address().port());
    assertEquals(expected, request.asContext().call(() -> call(channels.to(address), "hello")));
    channels.local(server);
    assertEquals("heddle:" + address, server.inProcessName());
    assertEquals(expected, request.asContext().call(() -> call(channels.to(address), "hello")));
  }

  @Test
  void withoutAContextCallsAreOfTheDefaultTenantInATraceOfTheirOwn() {
    GrpcServer server = start(TextService.echo(), open());
    Channel channel = channels.to(server.address().toString());
    String first = call(channel, "");
    assertTrue(first.startsWith("default "));
    assertNotEquals(first, call(channel, ""));
  }

  @Test
  void servesOnVirtualThreadsAnExecutorOrTheEventLoop() throws Exception {
    TextService naming =
        new TextService((request, observer) ->
            GrpcCalls.unary(observer, () -> Thread.currentThread().getName()));
    try (var pool = Executors.newSingleThreadExecutor(Threads.named("mine"))) {
      GrpcServer virtual = start(naming, open());
      GrpcServer own = start(naming, open().withExecutor(pool));
      GrpcServer direct = start(naming, open().direct());
      assertTrue(call(channels.to(virtual.address().toString()), "").startsWith("test-call-"));
      assertEquals("mine-0", call(channels.to(own.address().toString()), ""));
      assertTrue(call(channels.to(direct.address().toString()), "").startsWith("grpc-"));
      own.close();
    }
  }

  @Test
  void howeverAServiceFailsTheCallerGetsTheCode() {
    HeddleException known = new HeddleException(ErrorCode.UNKNOWN_FIELD, "field: x");
    List<TextService.Answer> ways =
        List.of(
            (request, observer) -> {
              throw known;
            },
            (request, observer) -> observer.onError(known),
            (request, observer) -> observer.onError(GrpcErrors.toStatus(known)),
            (request, observer) -> GrpcCalls.fail(observer, known),
            (request, observer) ->
                GrpcCalls.unary(
                    observer,
                    () -> {
                      throw known;
                    }));
    for (TextService.Answer way : ways) {
      GrpcServer server = start(new TextService(way), open());
      assertSame(ErrorCode.UNKNOWN_FIELD, failure(channels.to(server.address().toString())));
      channels.local(server);
      assertSame(ErrorCode.UNKNOWN_FIELD, failure(channels.to(server.address().toString())));
    }
  }

  @Test
  void theDeadlineOfACallReachesTheService() {
    TextService service =
        new TextService((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  Deadline deadline =
                      Deadline.ofGrpc(
                          Context.current().getDeadline(), Duration.ZERO, Ticker.system());
                  return "" + deadline.remaining(Ticker.system()).toSeconds();
                }));
    GrpcServer server = start(service, open());
    long left = Long.parseLong(call(channels.to(server.address().toString()), ""));
    assertTrue(left >= 30 && left <= 60, () -> "" + left);
  }

  @Test
  void aPublicServerAsksForAKeyAndAnInternalOneForTheSecret() throws Exception {
    Credentials credentials = CredentialsTest.full(directory);
    GrpcServer open = start(TextService.echo(), ServerOptions.open(credentials));
    GrpcServer internal = start(TextService.echo(), ServerOptions.internal(credentials));
    String bearer = "Bearer " + CredentialsTest.KEY;

    assertTrue(call(client(open, "authorization", bearer), "").startsWith("acme "));
    assertSame(ErrorCode.UNAUTHENTICATED, failure(client(open)));
    assertSame(ErrorCode.UNAUTHENTICATED, failure(client(open, "authorization", bearer + "x")));
    assertTrue(
        call(client(open, "authorization", bearer, "heddle-tenant", "other"), "")
            .startsWith("acme "));
    assertSame(
        ErrorCode.UNAUTHENTICATED,
        failure(client(open, "authorization", bearer, "heddle-secret", "s1:wrongwrongwrong12")));

    assertSame(ErrorCode.UNAUTHENTICATED, failure(client(internal, "authorization", bearer)));
    assertSame(ErrorCode.UNAUTHENTICATED, failure(channels.to(internal.address().toString())));

    Channels node = closer.register("node", new Channels(credentials));
    RequestContext request = new RequestContext("other", TraceContext.create());
    for (GrpcServer server : List.of(open, internal)) {
      String answer =
          request.asContext().call(() -> call(node.to(server.address().toString()), ""));
      assertTrue(answer.startsWith("other " + request.trace().traceId()), answer);
    }
  }

  @Test
  void aServiceKnowsWhetherANodeCalls() throws Exception {
    Credentials credentials = CredentialsTest.full(directory);
    TextService service =
        new TextService((request, observer) ->
            GrpcCalls.unary(observer, () -> "" + RequestContext.current().node()));
    GrpcServer guarded = start(service, ServerOptions.open(credentials));
    String bearer = "Bearer " + CredentialsTest.KEY;
    assertEquals("false", call(client(guarded, "authorization", bearer), ""));
    Channels node = closer.register("node", new Channels(credentials));
    assertEquals("true", call(node.to(guarded.address().toString()), ""));
    GrpcServer internal = start(service, ServerOptions.internal(credentials));
    assertEquals("true", call(node.to(internal.address().toString()), ""));
    // Without credentials everybody is on this machine, and everything is the default tenant's.
    assertEquals("true", call(client(start(service, ServerOptions.open(Credentials.none()))), ""));
  }

  @Test
  void anInvalidTenantIsRefused() {
    GrpcServer server = start(TextService.echo(), open());
    assertSame(ErrorCode.INVALID_REQUEST, failure(client(server, "heddle-tenant", "a/b")));
  }

  @Test
  void healthNeedsNoKeyAndTellsOfTheClose() {
    GrpcServer server =
        start(TextService.echo(), ServerOptions.open(CredentialsTest.full(directory)));
    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(client(server));
    assertSame(
        HealthCheckResponse.ServingStatus.SERVING,
        health.check(HealthCheckRequest.getDefaultInstance()).getStatus());
    server.healthy(false);
    assertSame(
        HealthCheckResponse.ServingStatus.NOT_SERVING,
        health.check(HealthCheckRequest.getDefaultInstance()).getStatus());
  }

  @Test
  void reflectionNamesTheServices() throws Exception {
    GrpcServer server = start(TextService.echo(), open());
    CompletableFuture<List<String>> names = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(client(server))
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    names.complete(
                        response.getListServicesResponse().getServiceList().stream()
                            .map(ServiceResponse::getName)
                            .toList());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    names.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> found = names.get(60, TimeUnit.SECONDS);
    requests.onCompleted();
    assertTrue(found.contains("grpc.health.v1.Health"), () -> "" + found);
  }

  @Test
  void refusesOtherAddressesWithoutCredentials() {
    HostPort everywhere = new HostPort("0.0.0.0", 0);
    for (ServerOptions options : List.of(open(), ServerOptions.open(Credentials.none()))) {
      HeddleException refused =
          assertThrows(
              HeddleException.class,
              () -> new GrpcServer("test", everywhere, List.of(), options, false));
      assertTrue(refused.getMessage().startsWith("bind: 0.0.0.0:0 (expected: a loopback"));
    }
    GrpcServer allowed =
        start(
            everywhere,
            TextService.echo(),
            ServerOptions.internal(CredentialsTest.full(directory)));
    assertNotEquals(0, allowed.address().port());
  }

  @Test
  void saysThatAnAddressIsInUse() {
    HostPort taken = start(TextService.echo(), open()).address();
    GrpcServer second = new GrpcServer("test", taken, List.of(), open(), false);
    HeddleException refused = assertThrows(HeddleException.class, second::start);
    assertEquals("address " + taken + ": in use (expected: a free port)", refused.getMessage());
    assertThrows(IllegalStateException.class, second::start);
  }

  @Test
  void refusesMessagesAboveTheLimit() {
    GrpcServer server = start(TextService.echo(), open());
    Channel channel = channels.to(server.address().toString());
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> call(channel, "x".repeat(33 << 20)));
    assertSame(ErrorCode.LIMIT_REACHED, GrpcErrors.fromStatus(failure).code());
    assertTrue(call(channel, "still there").endsWith("still there"));
  }

  @Test
  void closeLetsRunningCallsEndAndDrainsStreams() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    TextService slow =
        new TextService((request, observer) -> {
          started.countDown();
          assertTrue(release.await(60, TimeUnit.SECONDS));
          GrpcCalls.unary(observer, () -> "done");
        });
    GrpcServer server =
        start(
            slow,
            open()
                .withLimits(
                    new ServerOptions.Limits(
                        DataSize.ofMiB(1),
                        DataSize.ofKiB(8),
                        10,
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(20))));
    Channel channel = channels.to(server.address().toString());
    Iterator<String> stream =
        ClientCalls.blockingServerStreamingCall(
            channel, TextService.STREAM, CallOptions.DEFAULT, "first");
    assertEquals("first", stream.next());
    CompletableFuture<String> running = async(() -> call(channel, ""));
    assertTrue(started.await(60, TimeUnit.SECONDS));
    CompletableFuture<Boolean> closing =
        async(() -> {
          server.close();
          return true;
        });
    assertFalse(stream.hasNext());
    assertFalse(closing.isDone());
    release.countDown();
    assertEquals("done", running.get(60, TimeUnit.SECONDS));
    closing.get(60, TimeUnit.SECONDS);
    assertSame(
        ErrorCode.UNAVAILABLE,
        GrpcErrors.fromStatus(
                assertThrows(StatusRuntimeException.class, () -> call(channel, "late")))
            .code());
  }

  @Test
  void closeCutsOffCallsThatOutliveTheGraceAndCancelsTheirContext() throws Exception {
    AtomicReference<Context> seen = new AtomicReference<>();
    TextService stuck = new TextService((request, observer) -> seen.set(Context.current()));
    GrpcServer server =
        start(
            stuck,
            open()
                .withLimits(
                    new ServerOptions.Limits(
                        DataSize.ofMiB(1),
                        DataSize.ofKiB(8),
                        10,
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(10),
                        Duration.ofMillis(50))));
    CompletableFuture<ErrorCode> failed =
        async(() ->
            GrpcErrors.fromStatus(
                    assertThrows(
                        StatusRuntimeException.class,
                        () -> call(channels.to(server.address().toString()), "")))
                .code());
    eventually("the call runs", () -> seen.get() != null);
    server.close();
    assertSame(ErrorCode.UNAVAILABLE, failed.get(60, TimeUnit.SECONDS));
    eventually("the context is cancelled", () -> seen.get().isCancelled());
  }
}
