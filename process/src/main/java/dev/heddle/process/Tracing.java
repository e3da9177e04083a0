package dev.heddle.process;

import io.grpc.MethodDescriptor;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Makes the spans of one process. Which span is whose parent is told by the {@link TraceContext} of
 * a request alone, which every room passes on, so that nothing depends on the thread. Off, it costs
 * a comparison. Safe for any thread.
 */
public final class Tracing implements AutoCloseable {
  private static final String SCOPE = "dev.heddle";

  /** Attributes of a span, and characters of each: what a span may hold. */
  private static final SpanLimits LIMITS =
      SpanLimits.builder().setMaxNumberOfAttributes(32).setMaxAttributeValueLength(256).build();

  private static final Tracing OFF = new Tracing(null, () -> {});

  private final @Nullable Tracer tracer;
  private final Runnable ending;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Tracing(@Nullable Tracer tracer, Runnable ending) {
    this.tracer = tracer;
    this.ending = ending;
  }

  /** Makes no spans. */
  public static Tracing off() {
    return OFF;
  }

  /** Spans go where their owner sends them. */
  public static Tracing of(OpenTelemetry openTelemetry) {
    return new Tracing(openTelemetry.getTracer(SCOPE), () -> {});
  }

  /**
   * Spans go to the collector that is configured, if any.
   *
   * @param node that they are of
   * @param registry counts what became of them: {@code heddle_tracing_spans_total}
   */
  public static Tracing start(TracingConfig config, String node, MeterRegistry registry) {
    if (!config.on()) {
      return OFF;
    }
    var exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(config.url())
            .setTimeout(config.timeout())
            .build();
    return start(config.sample(), node, new SpanQueue(config, exporter, registry));
  }

  static Tracing start(double sample, String node, SpanProcessor spans) {
    var resource =
        Resource.create(
            Attributes.builder()
                .put("service.name", "heddle")
                .put("service.instance.id", node)
                .build());
    var provider =
        SdkTracerProvider.builder()
            .setResource(resource)
            .setSpanLimits(LIMITS)
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(sample)))
            .addSpanProcessor(spans)
            .build();
    // Its own would wait for ten seconds; the queue waits as long as it is told.
    return new Tracing(
        provider.get(SCOPE),
        () -> {
          var _ = provider.shutdown();
        });
  }

  /**
   * A request comes in.
   *
   * @param caller what it told of its trace; null: nothing, so that chance decides whether it is
   *     traced
   */
  public TraceSpan enter(@Nullable TraceContext caller, String name, SpanKind kind) {
    Tracer made = tracer;
    if (made == null || (caller != null && !caller.sampled())) {
      return TraceSpan.NONE;
    }
    var builder = made.spanBuilder(name).setSpanKind(kind);
    if (caller == null) {
      return TraceSpan.of(builder.setNoParent().startSpan());
    }
    var parent =
        SpanContext.createFromRemoteParent(
            caller.traceId(), caller.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
    return TraceSpan.of(builder.setParent(Context.root().with(Span.wrap(parent))).startSpan());
  }

  /**
   * A gRPC call comes in, or is made; named as the conventions for such say.
   *
   * @param caller as for {@link #enter}
   */
  public TraceSpan call(
      @Nullable TraceContext caller, MethodDescriptor<?, ?> method, SpanKind kind) {
    TraceSpan span = enter(caller, method.getFullMethodName(), kind);
    if (span.recording()) {
      span.set("rpc.system", "grpc")
          .set("rpc.service", String.valueOf(method.getServiceName()))
          .set("rpc.method", String.valueOf(method.getBareMethodName()));
    }
    return span;
  }

  /** Sends what waits, for as long as the config says; later spans are lost. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      ending.run();
    }
  }
}
