package dev.heddle.process;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.SpanCollectorWire;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class TracingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final TraceContext CALLER = new TraceContext(TRACE, "b7ad6b7169203331", true);

  private final Closer closer = new Closer();
  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));

  @AfterEach
  void close() {
    closer.close();
  }

  private Tracing tracing(double sample) {
    return closer.register(
        "tracing", Tracing.start(sample, "n1", SimpleSpanProcessor.create(spans)));
  }

  private SpanData only() {
    assertEquals(1, spans.getFinishedSpanItems().size());
    return spans.getFinishedSpanItems().getFirst();
  }

  @Test
  void isTheParentOfWhatHappensBelowIt() {
    var tracing = tracing(0);
    var outer = tracing.enter(CALLER, "outer", SpanKind.SERVER);
    var inner = tracing.enter(outer.within(CALLER), "inner", SpanKind.INTERNAL);
    inner.end();
    outer.end();
    var ended = spans.getFinishedSpanItems();
    assertEquals(List.of("inner", "outer"), ended.stream().map(SpanData::getName).toList());
    assertEquals(CALLER.spanId(), ended.get(1).getParentSpanId());
    assertEquals(ended.get(1).getSpanId(), ended.get(0).getParentSpanId());
    assertEquals(TRACE, ended.get(0).getTraceId());
    assertEquals(ended.get(0).getSpanId(), inner.within(CALLER).spanId());
  }

  @Test
  void theCallersFlagWinsOverTheShare() {
    var untraced = new TraceContext(TRACE, "b7ad6b7169203331", false);
    assertSame(TraceSpan.NONE, tracing(1).enter(untraced, "door", SpanKind.SERVER));
    assertSame(untraced, TraceSpan.NONE.within(untraced));
    assertTrue(tracing(0).enter(CALLER, "door", SpanKind.SERVER).recording());
  }

  @Test
  void theShareDecidesWhereNobodyTold() {
    assertFalse(tracing(0).enter(null, "door", SpanKind.SERVER).recording());
    var span = tracing(1).enter(null, "door", SpanKind.SERVER);
    assertTrue(span.within(null).sampled());
    span.end();
    assertFalse(only().getParentSpanContext().isValid());
  }

  @Test
  void offIsOneSpanThatKeepsNothing() {
    var span = Tracing.off().enter(CALLER, "door", SpanKind.SERVER);
    assertSame(TraceSpan.NONE, span);
    span.set("key", "value").failed(ErrorCode.INTERNAL);
    span.end();
    assertSame(CALLER, span.within(CALLER));
    try (var telemetry = new Telemetry(TracingConfig.defaults(), "n1")) {
      assertSame(Tracing.off(), telemetry.tracing());
      assertFalse(telemetry.prometheus().contains("heddle_tracing"));
    }
  }

  @Test
  void aFailureHasTheNameOfItsCode() {
    var span = tracing(1).enter(null, "door", SpanKind.SERVER);
    span.failed(ErrorCode.OVERLOADED);
    span.end();
    assertEquals(StatusCode.ERROR, only().getStatus().getStatusCode());
    assertEquals("OVERLOADED", only().getStatus().getDescription());
  }

  private GrpcServer serve(
      Tracing tracing, AtomicReference<RequestContext> seen, Optional<ErrorCode> failure) {
    var service =
        new TextService((request, observer) ->
            GrpcCalls.unary(
                observer,
                () -> {
                  seen.set(RequestContext.current());
                  if (failure.isPresent()) {
                    throw new HeddleException(failure.get(), "no (expected: yes)");
                  }
                  return request;
                }));
    var options = ServerOptions.internal(Credentials.none()).withTracing(tracing);
    var server =
        closer.register(
            "server",
            new GrpcServer("test", new HostPort("127.0.0.1", 0), List.of(service), options, false));
    server.start();
    return server;
  }

  private Channel to(GrpcServer server) {
    return channels.to(server.address().toString());
  }

  private static String call(Channel channel) {
    return ClientCalls.blockingUnaryCall(
        channel,
        TextService.UNARY,
        CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
        "hello");
  }

  @Test
  void aCallHasASpanBelowThatOfItsCaller() throws Exception {
    var seen = new AtomicReference<RequestContext>();
    var channel = to(serve(tracing(0), seen, Optional.empty()));
    new RequestContext("acme", CALLER).asContext().call(() -> call(channel));
    eventually("a span", () -> spans.getFinishedSpanItems().size() == 1);
    assertEquals(CALLER.spanId(), only().getParentSpanId());
    assertEquals(SpanKind.SERVER, only().getKind());
    assertEquals(only().getSpanId(), seen.get().trace().spanId());
    assertEquals("grpc", only().getAttributes().get(AttributeKey.stringKey("rpc.system")));
    assertEquals(0L, only().getAttributes().get(AttributeKey.longKey("rpc.grpc.status_code")));
  }

  @Test
  void aCallThatFailsSaysWithWhatCode() {
    var seen = new AtomicReference<RequestContext>();
    var channel = to(serve(tracing(0), seen, Optional.of(ErrorCode.OVERLOADED)));
    var context = new RequestContext("acme", CALLER).asContext();
    assertThrows(StatusRuntimeException.class, () -> context.call(() -> call(channel)));
    eventually("a span", () -> spans.getFinishedSpanItems().size() == 1);
    assertEquals("OVERLOADED", only().getStatus().getDescription());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
      })
  void aTraceparentThatIsNoneMakesANewTrace(String hostile) {
    var seen = new AtomicReference<RequestContext>();
    var server = serve(tracing(1), seen, Optional.empty());
    var headers = new Metadata();
    headers.put(GrpcMetadata.TRACEPARENT, hostile);
    var outside =
        NettyChannelBuilder.forAddress("127.0.0.1", server.address().port()).usePlaintext().build();
    closer.register("outside", outside::shutdownNow);
    call(ClientInterceptors.intercept(outside, MetadataUtils.newAttachHeadersInterceptor(headers)));
    eventually("a span", () -> spans.getFinishedSpanItems().size() == 1);
    assertNotEquals(TRACE, only().getTraceId());
    assertFalse(only().getParentSpanContext().isValid());
  }

  /** Takes batches and never says that they have arrived. */
  private static final class Hanging implements SpanExporter {
    private final CountDownLatch asked = new CountDownLatch(1);

    @Override
    public CompletableResultCode export(Collection<SpanData> batch) {
      asked.countDown();
      return new CompletableResultCode();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private static double count(MeterRegistry registry, String outcome) {
    return registry.get("heddle.tracing.spans").tag("outcome", outcome).counter().count();
  }

  @Test
  @Timeout(60)
  void whatACollectorThatHangsHasNoRoomForIsDroppedAndCounted() throws Exception {
    var registry = new SimpleMeterRegistry();
    var hanging = new Hanging();
    var config = new TracingConfig("", 1, 4, Duration.ofMinutes(10), Duration.ofMillis(50));
    var tracing = Tracing.start(1, "n1", new SpanQueue(config, hanging, registry));
    for (int i = 0; i < 3; i++) {
      tracing.enter(null, "door", SpanKind.SERVER).end();
    }
    hanging.asked.await();
    for (int i = 0; i < 100; i++) {
      tracing.enter(null, "door", SpanKind.SERVER).end();
    }
    // At least the first one is with the collector, at most four wait.
    assertTrue(count(registry, "dropped") >= 96, "" + count(registry, "dropped"));
    // The close gives up what hangs, and counts what was left.
    tracing.close();
    eventually(
        "all are told of", () -> count(registry, "dropped") + count(registry, "failed") == 103);
    tracing.enter(null, "late", SpanKind.SERVER).end();
    assertEquals(0, count(registry, "sent"));
  }

  @Test
  @Timeout(60)
  void aCollectorGetsOverHttpWhatEndedBeforeTheClose() {
    try (var collector = new SpanCollectorWire()) {
      var config = TracingConfig.defaults().withEndpoint(collector.endpoint());
      var telemetry = new Telemetry(config, "n1");
      var outer = telemetry.tracing().enter(CALLER, "outer", SpanKind.SERVER);
      var inner = telemetry.tracing().enter(outer.within(CALLER), "inner", SpanKind.CLIENT);
      inner.set("heddle.node", "n2").set("heddle.cancelled", true).set("heddle.attempt", 3);
      inner.failed(ErrorCode.QUEUE_FULL);
      inner.end();
      outer.end();
      telemetry.close();
      var told =
          Map.of(
              "heddle.node", "n2",
              "heddle.cancelled", "true",
              "heddle.attempt", "3",
              "error.type", "QUEUE_FULL");
      var outerId = outer.within(null).spanId();
      assertEquals(
          List.of(
              new SpanCollectorWire.Received(
                  "n1",
                  TRACE,
                  inner.within(null).spanId(),
                  outerId,
                  "inner",
                  3,
                  "QUEUE_FULL",
                  told),
              new SpanCollectorWire.Received(
                  "n1", TRACE, outerId, CALLER.spanId(), "outer", 2, "", Map.of())),
          collector.spans());
    }
  }

  @Test
  @Timeout(60)
  void whatTheCollectorRefusesIsCountedAsFailed() {
    try (var collector = new SpanCollectorWire()) {
      collector.answer(400);
      var config = TracingConfig.defaults().withEndpoint(collector.endpoint());
      try (var telemetry = new Telemetry(config, "n1")) {
        telemetry.tracing().enter(null, "door", SpanKind.SERVER).end();
        telemetry.tracing().close();
        assertEquals(1, count(telemetry.registry(), "failed"));
        assertEquals(0, count(telemetry.registry(), "sent"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1:4318",
        "ftp://host",
        "http://",
        "http://user:pass@host:1",
        "http://host?x=1",
        "http://a b"
      })
  void anEndpointThatIsNoneIsRefused(String endpoint) {
    var refusal =
        assertThrows(
            IllegalArgumentException.class, () -> TracingConfig.defaults().withEndpoint(endpoint));
    assertTrue(String.valueOf(refusal.getMessage()).startsWith("endpoint: "), "" + refusal);
    assertFalse(String.valueOf(refusal.getMessage()).contains("pass"), "" + refusal);
  }

  @Test
  void anEndpointWithoutAPathHasThatOfTheStandard() {
    var config = TracingConfig.defaults();
    assertEquals("http://c:4318/v1/traces", config.withEndpoint("http://c:4318").url());
    assertEquals("http://c:4318/v1/traces", config.withEndpoint("http://c:4318/").url());
    assertEquals("https://c/own?a=1", config.withEndpoint("https://c/own?a=1").url());
  }
}
