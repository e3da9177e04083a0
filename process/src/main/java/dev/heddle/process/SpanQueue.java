package dev.heddle.process;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends ended spans in batches, on a thread of its own: whoever ends a span never waits for the
 * collector. What finds the queue full is dropped and counted, which the SDK's own queue tells only
 * to meters of its own kind. Safe for any thread.
 */
final class SpanQueue implements SpanProcessor {
  private static final Logger log = LoggerFactory.getLogger(SpanQueue.class);
  private static final int BATCH = 512;
  private static final long PACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ArrayBlockingQueue<ReadableSpan> waiting;

  /** So many are sent at once, without waiting for more. */
  private final int enough;

  private final SpanExporter exporter;
  private final long timeoutNanos;
  private final long flushNanos;
  private final Counter sent;
  private final Counter failed;
  private final Counter dropped;
  private final Thread sender;
  private volatile boolean closed;

  /** When the last batch has to be away; meaningful once closed. */
  private volatile long endNanos;

  SpanQueue(TracingConfig config, SpanExporter exporter, MeterRegistry registry) {
    this.waiting = new ArrayBlockingQueue<>(config.queue());
    this.enough = Math.min(BATCH, config.queue() / 2 + 1);
    this.exporter = exporter;
    this.timeoutNanos = config.timeout().toNanos();
    this.flushNanos = config.flush().toNanos();
    this.sent = counter(registry, "sent");
    this.failed = counter(registry, "failed");
    this.dropped = counter(registry, "dropped");
    this.sender = Threads.named("heddle-spans").newThread(this::run);
    sender.start();
  }

  private static Counter counter(MeterRegistry registry, String outcome) {
    return Counter.builder("heddle.tracing.spans")
        .description("Spans that ended, by what became of them")
        .tag("outcome", outcome)
        .register(registry);
  }

  @Override
  public void onStart(Context parent, ReadWriteSpan span) {}

  @Override
  public boolean isStartRequired() {
    return false;
  }

  @Override
  public void onEnd(ReadableSpan span) {
    if (!span.getSpanContext().isSampled()) {
      return;
    }
    if (closed || !waiting.offer(span)) {
      dropped.increment();
      return;
    }
    if (waiting.size() >= enough) {
      LockSupport.unpark(sender);
    }
  }

  @Override
  public boolean isEndRequired() {
    return true;
  }

  private void run() {
    while (!closed) {
      if (waiting.size() < enough) {
        LockSupport.parkNanos(this, PACE_NANOS);
      }
      send(timeoutNanos);
    }
    long left = endNanos - System.nanoTime();
    while (left > 0 && !waiting.isEmpty()) {
      send(left);
      left = endNanos - System.nanoTime();
    }
    var lost = new ArrayList<ReadableSpan>();
    dropped.increment(waiting.drainTo(lost));
  }

  private void send(long mostNanos) {
    List<ReadableSpan> ended = new ArrayList<>();
    int count = waiting.drainTo(ended, BATCH);
    if (count == 0) {
      return;
    }
    List<SpanData> batch = ended.stream().map(ReadableSpan::toSpanData).toList();
    CompletableResultCode result = export(batch);
    long until = System.nanoTime() + mostNanos;
    // In turns: a batch that hangs must not outlast the end of the process.
    while (result != null && !result.isDone() && left(until) > 0) {
      result.join(Math.min(left(until), PACE_NANOS / 10), TimeUnit.NANOSECONDS);
    }
    (result != null && result.isSuccess() ? sent : failed).increment(count);
  }

  private long left(long until) {
    long now = System.nanoTime();
    return closed ? Math.min(until - now, endNanos - now) : until - now;
  }

  private @Nullable CompletableResultCode export(List<SpanData> batch) {
    try {
      return exporter.export(batch);
    } catch (RuntimeException | LinkageError e) {
      log.warn("spans not sent count={} error={}", batch.size(), e.toString());
      return null;
    }
  }

  /** Sends what waits, within the time for that. */
  @Override
  public CompletableResultCode shutdown() {
    if (closed) {
      return CompletableResultCode.ofSuccess();
    }
    endNanos = System.nanoTime() + flushNanos;
    closed = true;
    LockSupport.unpark(sender);
    try {
      TimeUnit.NANOSECONDS.timedJoin(sender, Math.max(1, flushNanos) + PACE_NANOS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // An exporter may wait for what hangs, and for longer than there is time.
    var result = new CompletableResultCode();
    Threads.named("heddle-spans-end").newThread(() -> end(result)).start();
    return result.join(Math.max(1, left(endNanos) + PACE_NANOS), TimeUnit.NANOSECONDS);
  }

  private void end(CompletableResultCode result) {
    try {
      var ended = exporter.shutdown();
      var _ = ended.whenComplete(() -> done(result, ended.isSuccess()));
    } catch (RuntimeException e) {
      log.warn("exporter of spans not ended error={}", e.toString());
      result.fail();
    }
  }

  private static void done(CompletableResultCode result, boolean well) {
    var _ = well ? result.succeed() : result.fail();
  }

  @Override
  public CompletableResultCode forceFlush() {
    LockSupport.unpark(sender);
    return CompletableResultCode.ofSuccess();
  }
}
