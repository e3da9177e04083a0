package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.BulkGrpcClient;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * One bulk request: lines go in and results go out at the same time. Nothing more is read while the
 * window of the stream is full, or while the client does not read its results. Nothing leaves
 * before the coordinator has taken the stream, so that a dataset that is not there is a plain error
 * answer. Owned by the request's thread, which alone reads, sends and writes; Jetty and the channel
 * only signal.
 */
final class BulkExchange implements Lines.Taker {
  static final String TYPE = "application/x-ndjson";

  /** How long more of a refused body is waited for. */
  private static final Duration DISCARD_PAUSE = Duration.ofSeconds(5);

  private final Exchange exchange;
  private final BulkGrpcClient.Stream stream;
  private final Lines lines;
  private final Runnable readable;
  private volatile boolean demanded;
  private boolean begun;
  private boolean atEnd;

  private BulkExchange(Exchange exchange, BulkGrpcClient.Stream stream, int maxLine) {
    this.exchange = exchange;
    this.stream = stream;
    this.lines = new Lines(maxLine, this);
    this.readable = Invocable.from(Invocable.InvocationType.NON_BLOCKING, this::onReadable);
  }

  /**
   * Does it all.
   *
   * @param everyResult whether lines that went well are answered, too
   * @throws HeddleException what refused the stream as a whole, before anything was answered;
   *     CANCELLED if the client is gone: what it sent may be written or not
   */
  static void run(Exchange exchange, BulkGrpcClient bulk, String dataset, boolean everyResult)
      throws InterruptedException {
    try (BackendCall call = exchange.unwatchedCall();
        var stream = bulk.open(call, dataset, everyResult)) {
      new BulkExchange(exchange, stream, bulk.maxLine()).run();
    }
  }

  private void run() throws InterruptedException {
    while (!stream.done()) {
      answer();
      HeddleException failure = stream.failure();
      if (failure != null) {
        giveUp(failure);
        return;
      }
      if (atEnd || !stream.room()) {
        if (!stream.done()) {
          stream.await();
        }
      } else if (!read()) {
        stream.flush();
        stream.await();
      }
    }
    begin();
    write(stream.summary());
    exchange.complete();
  }

  /** Whatever is not answered will not be: what of it was written is unknown. */
  private void giveUp(HeddleException failure) throws InterruptedException {
    if (!begun) {
      discard();
      throw failure;
    }
    write(stream.unanswered());
    write(stream.summary());
    discard();
    exchange.complete();
  }

  /** Throws away what the client still sends, so that it comes to read the answer. */
  private void discard() throws InterruptedException {
    boolean waits = !begun && exchange.request().getHeaders().contains(HttpHeader.EXPECT);
    long left = waits ? 0 : Exchange.MAX_DRAIN.bytes();
    while (left > 0 && !atEnd) {
      Content.Chunk chunk = demanded ? null : exchange.request().read();
      if (chunk != null) {
        left -= chunk.remaining();
        atEnd = chunk.isLast() || Content.Chunk.isFailure(chunk);
        chunk.release();
      } else {
        demand();
        if (!stream.awaitSignal(DISCARD_PAUSE)) {
          return;
        }
      }
    }
  }

  private void answer() {
    for (byte[] results = stream.results(); results != null; results = stream.results()) {
      write(results);
    }
  }

  /** Reads what is there; false: nothing is, and the signal comes when there is. */
  private boolean read() {
    Content.Chunk chunk = demanded ? null : exchange.request().read();
    if (chunk == null) {
      demand();
      return false;
    }
    if (Content.Chunk.isFailure(chunk)) {
      Throwable cause = chunk.getFailure();
      throw cause instanceof HttpException
          ? new HeddleException(
              ErrorCode.INVALID_REQUEST, "body: malformed (expected: valid HTTP/1.1)", cause)
          : gone(cause);
    }
    lines.feed(chunk.getByteBuffer());
    atEnd = chunk.isLast();
    chunk.release();
    if (atEnd) {
      lines.finish();
      stream.complete();
    }
    return true;
  }

  private void demand() {
    if (!demanded) {
      demanded = true;
      exchange.request().demand(readable);
    }
  }

  private void onReadable() {
    demanded = false;
    stream.signal();
  }

  @Override
  public void line(long number, byte[] bytes, int length) {
    stream.line(number, bytes, length);
  }

  @Override
  public void tooLong(long number, long bytes) {
    stream.tooLong(number, bytes);
  }

  private void begin() {
    if (!begun) {
      begun = true;
      exchange.begin(200);
      exchange.header(HttpHeader.CONTENT_TYPE, TYPE);
      exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    }
  }

  /** Blocks while the client does not read. */
  private void write(byte[] results) {
    if (results.length == 0) {
      return;
    }
    begin();
    exchange.sent(results.length);
    try {
      Content.Sink.write(exchange.response(), false, ByteBuffer.wrap(results));
    } catch (IOException e) {
      throw gone(e);
    }
  }

  private static HeddleException gone(Throwable cause) {
    return new HeddleException(ErrorCode.CANCELLED, "client: gone", cause);
  }
}
