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

/**
 * Metrics and traces of one process. Meters are named {@code heddle.<room>.<what>} and come out as
 * {@code heddle_<room>_<what>_<unit>}. Spans go where the config says, by default nowhere. Safe for
 * any thread.
 */
public final class Telemetry implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final Tracing tracing;

  /** Without spans. */
  public Telemetry() {
    this.tracing = Tracing.off();
    bind();
  }

  /** Spans go where their owner sends them. */
  public Telemetry(OpenTelemetry openTelemetry) {
    this.tracing = Tracing.of(openTelemetry);
    bind();
  }

  /** Spans of this node go to the collector that is configured, if any. */
  public Telemetry(TracingConfig config, String node) {
    this.tracing = Tracing.start(config, node, registry);
    bind();
  }

  private void bind() {
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

  public Tracing tracing() {
    return tracing;
  }

  @Override
  public void close() {
    tracing.close();
    gc.close();
    registry.close();
  }
}
