package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Ticker;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.nio.file.Path;

/**
 * A bare Netty WebSocket server, as a process of its own: {@code /ws/echo} sends frames back,
 * {@code /ws/sub} gets what is POSTed to {@code /pub}. Ends when its input does, so with the
 * process that started it.
 */
public final class NettySocketFloor {
  private static final int BACKLOG = 4_096;
  private static final int MOST_BYTES = 64 << 10;
  private static final int THREADS = 2;

  private NettySocketFloor() {}

  /** Starts it, and waits until it listens. */
  static ServerProcess start(Path directory, FreePorts ports, Ticker ticker) {
    return Floors.start("netty", NettySocketFloor.class, directory, ports, ticker);
  }

  /**
   * Serves until its input ends.
   *
   * @param arguments the port
   */
  public static void main(String[] arguments) throws Exception {
    var group = new MultiThreadIoEventLoopGroup(THREADS, NioIoHandler.newFactory());
    var subscribers = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                var config =
                    WebSocketServerProtocolConfig.newBuilder()
                        .websocketPath("/ws")
                        .checkStartsWith(true)
                        .maxFramePayloadLength(MOST_BYTES)
                        .build();
                channel
                    .pipeline()
                    .addLast(
                        new HttpServerCodec(),
                        new HttpObjectAggregator(MOST_BYTES),
                        new WebSocketServerProtocolHandler(config),
                        new Server(subscribers));
              }
            })
        .bind("127.0.0.1", Integer.parseInt(arguments[0]))
        .sync();
    Floors.awaitEndOfInput();
    System.exit(0);
  }

  private static final class Server extends SimpleChannelInboundHandler<Object> {
    private final ChannelGroup subscribers;

    Server(ChannelGroup subscribers) {
      super(false);
      this.subscribers = subscribers;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete done
          && done.requestUri().startsWith("/ws/sub")) {
        subscribers.add(context.channel());
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Object message) {
      if (message instanceof TextWebSocketFrame text) {
        var _ = context.writeAndFlush(text, context.voidPromise());
        return;
      }
      if (message instanceof FullHttpRequest request) {
        var body = request.content();
        for (var each : subscribers) {
          var frame = new TextWebSocketFrame(body.retainedDuplicate());
          var _ = each.writeAndFlush(frame, each.voidPromise());
        }
        var response =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER);
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
        var _ = context.writeAndFlush(response, context.voidPromise());
      }
      ReferenceCountUtil.release(message);
    }
  }
}
