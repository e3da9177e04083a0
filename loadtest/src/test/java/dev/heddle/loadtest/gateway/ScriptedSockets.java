package dev.heddle.loadtest.gateway;

import dev.heddle.process.HostPort;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

/** WebSockets at {@code /ws} that answer each frame as they are told, by its number from 1 on. */
final class ScriptedSockets implements AutoCloseable {
  /** In place of an answer: the socket is closed with 1011. */
  static final String CLOSE = "close";

  private static final int MOST_BYTES = 64 << 10;
  private static final int INTERNAL_ERROR = 1011;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicInteger frames = new AtomicInteger();
  private final Channel server;

  ScriptedSockets(BiFunction<Integer, String, List<String>> answers) throws InterruptedException {
    server =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    var config =
                        WebSocketServerProtocolConfig.newBuilder().websocketPath("/ws").build();
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(MOST_BYTES),
                            new WebSocketServerProtocolHandler(config),
                            new Answers(answers));
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
  }

  Door door() {
    int port = ((InetSocketAddress) server.localAddress()).getPort();
    return Door.plain(new HostPort("127.0.0.1", port), "/ws");
  }

  /** Listens no more; may be called twice. */
  void end() {
    group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Override
  public void close() {
    end();
  }

  private final class Answers extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    private final BiFunction<Integer, String, List<String>> answers;

    Answers(BiFunction<Integer, String, List<String>> answers) {
      this.answers = answers;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame frame) {
      for (var answer : answers.apply(frames.incrementAndGet(), frame.text())) {
        var _ =
            context.writeAndFlush(
                answer.equals(CLOSE)
                    ? new CloseWebSocketFrame(INTERNAL_ERROR, "")
                    : new TextWebSocketFrame(answer));
      }
    }
  }
}
