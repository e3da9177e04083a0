package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Platform;
import dev.heddle.internal.v1.FunctionRef;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.RequestContext;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import dev.heddle.v1.InvokeResponse;
import dev.heddle.v1.SessionRef;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class InvokerGrpcServiceTest {
  private static final byte[] CODE = {1};

  @TempDir private Path directory;
  private final Closer closer = new Closer();
  private final BlockingRuntime runtime = new BlockingRuntime();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private LocalLeaf leaf;
  private GrpcServer server;
  private String digest;
  private long revision;

  @BeforeEach
  void start() throws Exception {
    digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(CODE));
    leaf = closer.register("leaf", new LocalLeaf(directory));
    var ticker = Ticker.system();
    var logs =
        closer.register("logs", new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), ticker));
    var engine =
        closer.register(
            "engine",
            new Engine(
                EngineConfig.defaults(),
                code -> CODE,
                List.of(runtime),
                Map.of(),
                Platform.NONE,
                logs,
                ticker,
                registry,
                "leaf"));
    server =
        closer.register(
            "server",
            new GrpcServer(
                "invoker",
                new HostPort("127.0.0.1", 0),
                List.of(
                    new InvokerGrpcService(
                        LocalLeaf.NODE,
                        engine,
                        logs,
                        leaf.reports(),
                        leaf.client(),
                        leaf.channels(),
                        ticker)),
                ServerOptions.internal(Credentials.none()),
                false));
    server.start();
    var version =
        new FunctionVersion(
            digest,
            digest,
            "blocking",
            "x",
            "name: f",
            1,
            Optional.empty(),
            0,
            Duration.ofMinutes(1),
            DataSize.ofMiB(1),
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    var record =
        new FunctionRecord(
            "default",
            "f",
            FunctionKind.HANDLER,
            List.of(version),
            Map.of("latest", FunctionAlias.to(digest)));
    revision = LocalCatalog.write(leaf.client(), List.of(Change.put(record)));
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private LeafInvokeRequest.Builder request(String event) {
    return LeafInvokeRequest.newBuilder()
        .setInvocationId("i-1")
        .setTenant("default")
        .setFunction(
            FunctionRef.newBuilder().setName("f").setCatalogRevision(revision).setVersion(digest))
        .setEventJson(ByteString.copyFromUtf8(event));
  }

  private String invoke(LeafInvokeRequest.Builder request) {
    return InvokerGrpc.newBlockingStub(leaf.channels().to(server.address().toString()))
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .invoke(request.build())
        .getResultJson()
        .toStringUtf8();
  }

  @Test
  void aSessionIsNeverAskedForWhereNoGatewayOfTheClusterIs() throws Exception {
    try (var foreign = ServerSocketChannel.open()) {
      foreign.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      foreign.configureBlocking(false);
      String address = "127.0.0.1:" + foreign.socket().getLocalPort();
      var session = SessionRef.newBuilder().setId("s").setGateway(address);
      var refused =
          assertThrows(
              StatusRuntimeException.class, () -> invoke(request("1").setSession(session)));
      assertEquals(ErrorCode.FORBIDDEN, GrpcErrors.fromStatus(refused).code());
      assertNull(foreign.accept());
    }
    assertEquals("1", invoke(request("1")));
  }

  /** Also where the message names one whose function it is. */
  @Test
  void aFunctionRunsForTheTenantOfItsCallOnly() {
    var other = new RequestContext("other", TraceContext.create()).asContext();
    var refused =
        assertThrows(StatusRuntimeException.class, () -> other.call(() -> invoke(request("1"))));
    var failure = GrpcErrors.fromStatus(refused);
    assertEquals(ErrorCode.NOT_OWNER, failure.code());
    assertEquals(
        "function: of tenant default (expected: of tenant other, for whom the call is)",
        failure.getMessage());
    assertEquals("1", invoke(request("1")));
  }

  @Test
  void aFunctionEndsWhenWhoeverCalledItGoesAway() throws Exception {
    try (var context = Context.current().withCancellation()) {
      context.run(() ->
          InvokerGrpc.newStub(leaf.channels().to(server.address().toString()))
              .withDeadlineAfter(50, TimeUnit.SECONDS)
              .invoke(request("\"block\"").build(), new Unheard()));
      runtime.entered.await();
      context.cancel(new IllegalStateException("the client went away"));
      runtime.interrupted.await();
    }
    eventually(
        "its place is free", () -> registry.get("heddle.engine.threads.busy").gauge().value() == 0);
    assertEquals("1", invoke(request("1")));
  }

  private static final class Unheard implements StreamObserver<InvokeResponse> {
    @Override
    public void onNext(InvokeResponse response) {}

    @Override
    public void onError(Throwable problem) {}

    @Override
    public void onCompleted() {}
  }
}
