package dev.heddle.process;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Tracer;

/**
 * Metrics and traces of one process. Meters are named {@code heddle.<room>.<what>} and come out as
 * {@code heddle_<room>_<what>_<unit>}. Spans go to whatever {@link OpenTelemetry} was given, by
 * default nowhere. Safe for any thread.
 */
public final class Telemetry implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final Tracer tracer;

  public Telemetry() {
    this(OpenTelemetry.noop());
  }

  public Telemetry(OpenTelemetry openTelemetry) {
    this.tracer = openTelemetry.getTracer("dev.heddle");
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    gc.bindTo(registry);
  }

  public MeterRegistry registry() {
    return registry;
  }

  /** All meters in the Prometheus text format. */
  public String prometheus() {
    return registry.scrape();
  }

  public Tracer tracer() {
    return tracer;
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
