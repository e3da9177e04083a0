package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TelemetryTest {
  @Test
  void namesMetersByRoomWhatAndUnit() {
    try (Telemetry telemetry = new Telemetry()) {
      telemetry.registry().counter("heddle.leaf.queries").increment();
      telemetry.registry().timer("heddle.leaf.queue").record(Duration.ofMillis(5));
      String text = telemetry.prometheus();
      assertTrue(text.contains("heddle_leaf_queries_total 1.0"), text);
      assertTrue(text.contains("heddle_leaf_queue_seconds_count 1"), text);
      assertTrue(text.contains("jvm_memory_used_bytes"), text);
      assertTrue(text.contains("jvm_threads_live_threads"), text);
      assertTrue(text.contains("jvm_gc_"), text);
    }
  }

  @Test
  void spansGoNowhereUnlessSomeoneListens() {
    try (Telemetry telemetry = new Telemetry()) {
      assertSame(TraceSpan.NONE, telemetry.tracing().enter(null, "query", SpanKind.INTERNAL));
    }
  }
}
