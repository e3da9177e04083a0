package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CallerThreadCallsTest {
  private static final HostPort ANY_PORT = new HostPort("127.0.0.1", 0);

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));

  @AfterEach
  void close() {
    closer.close();
  }

  /** Strings, on the threads of their callers. */
  private record Near(TextService.Answer answer) implements BindableService, CallerThreadService {
    @Override
    public ServerServiceDefinition bindService() {
      return ServerServiceDefinition.builder("test.Text")
          .addMethod(
              TextService.UNARY,
              ServerCalls.asyncUnaryCall((request, observer) -> {
                try {
                  answer.to(request, observer);
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              }))
          .build();
    }
  }

  private GrpcServer start(TextService.Answer answer) {
    return start(Credentials.none(), answer);
  }

  private GrpcServer start(Credentials credentials, TextService.Answer answer) {
    var limits = ServerOptions.Limits.defaults();
    var options =
        new ServerOptions(
            ServerOptions.Access.INTERNAL,
            credentials,
            new ServerOptions.Calls.OnVirtualThreads(),
            List.of(),
            new ServerOptions.Limits(
                limits.maxInboundMessage(),
                limits.maxInboundMetadata(),
                limits.maxConcurrentCallsPerConnection(),
                limits.keepAliveTime(),
                limits.keepAliveTimeout(),
                limits.permitKeepAliveTime(),
                Duration.ofMillis(100)),
            Tracing.off());
    var server =
        closer.register(
            "server", new GrpcServer("test", ANY_PORT, List.of(new Near(answer)), options, false));
    server.start();
    channels.local(server);
    return server;
  }

  private Channel to(GrpcServer server) {
    return channels.to(server.address().toString());
  }

  private static String call(Channel channel, Duration time) {
    return ClientCalls.blockingUnaryCall(
        channel,
        TextService.UNARY,
        CallOptions.DEFAULT.withDeadlineAfter(time.toNanos(), TimeUnit.NANOSECONDS),
        "x");
  }

  private static String call(Channel channel) {
    return call(channel, Duration.ofSeconds(60));
  }

  private static StatusRuntimeException failure(Channel channel) {
    return assertThrows(StatusRuntimeException.class, () -> call(channel));
  }

  @Test
  void aCallRunsOnTheThreadOfACallerThatWaits() {
    var ran = new AtomicReference<Thread>();
    var server =
        start((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  ran.set(Thread.currentThread());
                  return request + "!";
                }));
    assertEquals("x!", call(to(server)));
    assertSame(Thread.currentThread(), ran.get());
  }

  @Test
  void aCallerThatSaysSoLendsNoThreadThoughItWaits() {
    var ran = new AtomicReference<Thread>();
    var server =
        start((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  ran.set(Thread.currentThread());
                  return request;
                }));
    var elsewhere = CallOptions.DEFAULT.withOption(CallerThreadService.ELSEWHERE, true);
    assertEquals("x", ClientCalls.blockingUnaryCall(to(server), TextService.UNARY, elsewhere, "x"));
    assertNotSame(Thread.currentThread(), ran.get());
  }

  @Test
  void aCallerThatDoesNotWaitLendsNoThread() throws Exception {
    var ran = new AtomicReference<Thread>();
    var server =
        start((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  ran.set(Thread.currentThread());
                  return request;
                }));
    var call = to(server).newCall(TextService.UNARY, CallOptions.DEFAULT);
    assertEquals("x", ClientCalls.futureUnaryCall(call, "x").get(60, TimeUnit.SECONDS));
    assertNotSame(Thread.currentThread(), ran.get());
  }

  @Test
  void aCallKnowsItsTenantTraceAndDeadline() throws Exception {
    var deadline = new AtomicReference<io.grpc.Deadline>();
    var seen = new AtomicReference<RequestContext>();
    var server =
        start((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  deadline.set(Context.current().getDeadline());
                  seen.set(RequestContext.current());
                  return request;
                }));
    var trace = new TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true);
    var context = new RequestContext("acme", trace).withPriority(Priority.LOW);
    context.asContext().call(() -> call(to(server)));
    assertEquals("acme", seen.get().tenant());
    assertSame(Priority.LOW, seen.get().priority());
    assertTrue(seen.get().node());
    assertEquals(trace, seen.get().trace());
    assertTrue(deadline.get().timeRemaining(TimeUnit.SECONDS) <= 60);
    assertSame(RequestContext.DEFAULT_TENANT, RequestContext.current().tenant());
  }

  @Test
  void whoDoesNotShowTheSecretIsRefusedHoweverNearItIs(@TempDir Path directory) throws Exception {
    var credentials = CredentialsTest.full(directory);
    var server =
        start(
            credentials,
            (request, observer) ->
                GrpcCalls.unary(observer, () -> RequestContext.current().tenant()));
    var acme = new RequestContext("acme", TraceContext.create()).asContext();
    var refusal = acme.call(() -> failure(to(server)));
    assertSame(ErrorCode.UNAUTHENTICATED, GrpcErrors.fromStatus(refusal).code());
    try (var trusted = new Channels(credentials)) {
      trusted.local(server);
      assertEquals("acme", acme.call(() -> call(trusted.to(server.address().toString()))));
    }
  }

  @Test
  void aFailureHasItsCodeAndIsToldFromOneThatNeverArrived() {
    var server =
        start((request, observer) ->
            GrpcCalls.fail(
                observer,
                new HeddleException(
                    ErrorCode.QUEUE_FULL, "full (expected: room)", new ConnectException("inner"))));
    var failure = failure(to(server));
    var told = GrpcErrors.fromStatus(failure);
    assertSame(ErrorCode.QUEUE_FULL, told.code());
    assertEquals("full (expected: room)", told.getMessage());
    assertNull(failure.getCause());
  }

  @Test
  void aThrowingServiceFailsTheCallOnly() {
    var server =
        start((request, observer) -> {
          throw new IllegalStateException("broken");
        });
    assertSame(ErrorCode.INTERNAL, GrpcErrors.fromStatus(failure(to(server))).code());
  }

  @Test
  void anAnswerMayComeFromAnotherThreadLater() {
    var server =
        start((request, observer) ->
            Threads.virtual("later")
                .newThread(() -> {
                  observer.onNext("later");
                  observer.onCompleted();
                })
                .start());
    assertEquals("later", call(to(server)));
  }

  /** A server whose calls block until they are cancelled, and answer why. */
  private GrpcServer startBlocking(CountDownLatch runs) {
    return start((request, observer) ->
        GrpcCalls.unary(
            observer,
            () -> {
              awaitCancelled(runs);
              return request;
            }));
  }

  /** Blocks until its call is cancelled, and answers why. */
  private static void awaitCancelled(CountDownLatch runs) throws InterruptedException {
    var context = Context.current();
    var cancelled = new CountDownLatch(1);
    context.addListener(_ -> cancelled.countDown(), Runnable::run);
    runs.countDown();
    cancelled.await();
    throw Status.CANCELLED
        .withDescription("because of " + Optional.ofNullable(context.cancellationCause()))
        .asRuntimeException();
  }

  @Test
  void whoCancelsTheCallerCancelsWhatRunsOnItsThread() throws Exception {
    var runs = new CountDownLatch(1);
    var server = startBlocking(runs);
    var context = Context.ROOT.withCancellation();
    Threads.virtual("client")
        .newThread(() -> {
          try {
            runs.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          context.cancel(new CancellationException("gone"));
        })
        .start();
    var failure = context.call(() -> failure(to(server)));
    assertSame(Status.Code.CANCELLED, failure.getStatus().getCode());
    assertTrue(
        String.valueOf(failure.getStatus().getDescription()).contains("gone"), failure::toString);
  }

  @Test
  void whatRunsOnItsCallersThreadIsCancelledAtTheDeadline() {
    var why = new AtomicReference<Throwable>();
    var server =
        start((request, observer) -> {
          try {
            awaitCancelled(new CountDownLatch(1));
          } finally {
            why.set(Context.current().cancellationCause());
          }
        });
    var late =
        // Long enough for the call to begin.
        assertThrows(StatusRuntimeException.class, () -> call(to(server), Duration.ofSeconds(2)));
    assertNull(late.getCause());
    assertInstanceOf(TimeoutException.class, why.get());
  }

  @Test
  void aCallWithoutTimeLeftNeverArrives() {
    var server = start((request, observer) -> GrpcCalls.unary(observer, () -> request));
    var late =
        assertThrows(StatusRuntimeException.class, () -> call(to(server), Duration.ofSeconds(-1)));
    assertSame(Status.Code.DEADLINE_EXCEEDED, late.getStatus().getCode());
    assertInstanceOf(ConnectException.class, late.getCause());
  }

  @Test
  void aClosingServerCancelsWhatDoesNotEndAndTakesNoMore() throws Exception {
    var runs = new CountDownLatch(1);
    var server = startBlocking(runs);
    var channel = to(server);
    var failed = new AtomicReference<StatusRuntimeException>();
    var caller = Threads.virtual("caller").newThread(() -> failed.set(failure(channel)));
    caller.start();
    runs.await();
    server.close();
    caller.join();
    assertSame(Status.Code.CANCELLED, failed.get().getStatus().getCode());
    var refused = failure(channel);
    assertSame(Status.Code.UNAVAILABLE, refused.getStatus().getCode());
    assertInstanceOf(ConnectException.class, refused.getCause());
  }
}
