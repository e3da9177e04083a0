package dev.heddle.loadtest.gateway;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;

/** An open WebSocket. Safe for any thread. */
final class ClientSocket {
  /** In place of a close code: RFC 6455, 7.1.5. */
  static final int NO_CLOSE_FRAME = 1006;

  private final Channel channel;

  ClientSocket(Channel channel) {
    this.channel = channel;
  }

  /** Sends a frame; what becomes of it shows in what comes back. */
  void send(String text) {
    var _ = channel.writeAndFlush(new TextWebSocketFrame(text), channel.voidPromise());
  }

  void ping() {
    var _ = channel.writeAndFlush(new PingWebSocketFrame(), channel.voidPromise());
  }

  boolean open() {
    return channel.isActive();
  }

  /** Reads nothing any more. */
  void stall() {
    var _ = channel.config().setAutoRead(false);
  }

  /** Ends the socket without a close frame, as a lost network does. */
  void vanish() {
    var _ = channel.close();
  }
}
