package dev.heddle.process;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import org.jspecify.annotations.Nullable;

/**
 * One piece of work in a trace: what went through a room's door. Where it is not traced there is
 * {@link #NONE}, which takes everything and keeps nothing. What is said of a span goes to whoever
 * reads traces: names and numbers, never what a request carries. Safe for any thread.
 */
public final class TraceSpan {
  /** Of work that is not traced. */
  public static final TraceSpan NONE = new TraceSpan(Span.getInvalid(), null);

  private final Span span;
  private final @Nullable TraceContext context;

  private TraceSpan(Span span, @Nullable TraceContext context) {
    this.span = span;
    this.context = context;
  }

  static TraceSpan of(Span span) {
    if (!span.isRecording()) {
      return NONE;
    }
    SpanContext own = span.getSpanContext();
    return new TraceSpan(span, new TraceContext(own.getTraceId(), own.getSpanId(), true));
  }

  /** Whether anything comes of what is said of it. */
  public boolean recording() {
    return context != null;
  }

  /**
   * What work below this span is told: that this is its parent; without a span the caller's is.
   *
   * @param caller null: it told none, which makes a new trace
   */
  public TraceContext within(@Nullable TraceContext caller) {
    if (context != null) {
      return context;
    }
    return caller != null ? caller : TraceContext.create();
  }

  /** Another name, once that is known. */
  public void name(String name) {
    span.updateName(name);
  }

  /** Says something of it. */
  public TraceSpan set(String key, String value) {
    span.setAttribute(key, value);
    return this;
  }

  /** Says something of it. */
  public TraceSpan set(String key, long value) {
    span.setAttribute(key, value);
    return this;
  }

  /** Says something of it. */
  public TraceSpan set(String key, boolean value) {
    span.setAttribute(key, value);
    return this;
  }

  /** The work failed. */
  public void failed(ErrorCode code) {
    span.setStatus(StatusCode.ERROR, code.name());
    span.setAttribute("error.type", code.name());
  }

  /** The work is over; what is said later is lost. */
  public void end() {
    span.end();
  }
}
