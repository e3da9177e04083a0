package dev.heddle.gateway.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;

/**
 * A response of server-sent events. Nothing leaves before the first event, so that an early failure
 * is still a plain error answer. Blocks while the client does not read.
 */
final class EventStream {
  private final Exchange exchange;
  private boolean open;

  EventStream(Exchange exchange) {
    this.exchange = exchange;
  }

  boolean open() {
    return open;
  }

  private void begin() {
    if (!open) {
      open = true;
      exchange.begin(200);
      exchange.header(HttpHeader.CONTENT_TYPE, "text/event-stream");
      exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    }
  }

  /**
   * Sends one event.
   *
   * @param json one JSON value
   * @return false: the client is gone
   */
  boolean send(String event, byte[] json) {
    begin();
    byte[] head = ("event: " + event + "\ndata: ").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer frame = ByteBuffer.allocate(head.length + json.length + 2);
    frame.put(head);
    for (byte b : json) {
      // Between tokens of JSON a line break is as good as a blank; inside strings it is escaped.
      frame.put(b == '\n' || b == '\r' ? (byte) ' ' : b);
    }
    frame.put((byte) '\n').put((byte) '\n').flip();
    exchange.sent(frame.remaining());
    try {
      Content.Sink.write(exchange.response(), false, frame);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends the response; one without an event is an empty stream. */
  void end() {
    begin();
    exchange.complete();
  }
}
