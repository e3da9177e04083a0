package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TraceContextTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String SPAN = "b7ad6b7169203331";

  @Test
  void readsAndWritesTheHeaderOfTheStandard() {
    String header = "00-" + TRACE + "-" + SPAN + "-01";
    TraceContext trace = TraceContext.parse(header).orElseThrow();
    assertEquals(new TraceContext(TRACE, SPAN, true), trace);
    assertEquals(header, trace.traceparent());
  }

  @Test
  void aChildKeepsTheTraceAndHasItsOwnSpan() {
    TraceContext parent = new TraceContext(TRACE, SPAN, true);
    TraceContext child = parent.child();
    assertEquals(TRACE, child.traceId());
    assertNotEquals(SPAN, child.spanId());
    assertTrue(child.sampled());
  }

  @Test
  void readsALaterVersionWithMoreFields() {
    String header = "01-" + TRACE + "-" + SPAN + "-00-more";
    assertEquals(new TraceContext(TRACE, SPAN, false), TraceContext.parse(header).orElseThrow());
  }

  @Test
  void ignoresWhatIsNotOfTheStandard() {
    for (String header :
        List.of(
            "",
            "00-" + TRACE + "-" + SPAN,
            "ff-" + TRACE + "-" + SPAN + "-01",
            "00-" + "0".repeat(32) + "-" + SPAN + "-01",
            "00-" + TRACE + "-" + "0".repeat(16) + "-01",
            "00-" + TRACE.toUpperCase(java.util.Locale.ROOT) + "-" + SPAN + "-01",
            "00-" + TRACE + "-" + SPAN + "-01-more",
            "00-" + TRACE + "-" + SPAN + "-0g",
            "00_" + TRACE + "-" + SPAN + "-01",
            "00-" + TRACE + "_" + SPAN + "-01",
            "00-" + TRACE + "-" + SPAN + "_01",
            "01-" + TRACE + "-" + SPAN + "-01more",
            "01-" + TRACE + "-" + SPAN + "-01-a\nb",
            "x".repeat(1000))) {
      assertTrue(TraceContext.parse(header).isEmpty(), header);
    }
    assertTrue(TraceContext.parse(null).isEmpty());
  }

  @Test
  void aFreshOneIsValidAndSurvivesTheWire() {
    for (int i = 0; i < 100; i++) {
      TraceContext trace = TraceContext.create();
      assertEquals(trace, TraceContext.parse(trace.traceparent()).orElseThrow());
    }
  }
}
