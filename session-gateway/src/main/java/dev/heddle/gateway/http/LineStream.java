package dev.heddle.gateway.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;

/**
 * A response of lines, each a JSON value. Nothing leaves before the first one, so that an early
 * failure is still a plain error answer. Blocks while the client does not read.
 */
final class LineStream {
  private final Exchange exchange;
  private boolean open;

  LineStream(Exchange exchange) {
    this.exchange = exchange;
  }

  boolean open() {
    return open;
  }

  private void begin() {
    if (!open) {
      open = true;
      exchange.begin(200);
      exchange.header(HttpHeader.CONTENT_TYPE, BulkExchange.TYPE);
      exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    }
  }

  /**
   * Sends one line.
   *
   * @param json without line breaks
   * @return false: the client is gone
   */
  boolean send(byte[] json) {
    begin();
    var frame = ByteBuffer.allocate(json.length + 1).put(json).put((byte) '\n').flip();
    exchange.sent(frame.remaining());
    try {
      Content.Sink.write(exchange.response(), false, frame);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  void end() {
    begin();
    exchange.complete();
  }
}
