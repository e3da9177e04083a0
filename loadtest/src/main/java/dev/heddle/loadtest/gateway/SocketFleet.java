package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;

/**
 * WebSockets of this process: Netty's client, which answers pings, on few threads. Safe for any
 * thread.
 */
final class SocketFleet implements AutoCloseable {
  /** Descriptors that a process needs besides its sockets: jars, logs, pipes. */
  static final int OTHER_DESCRIPTORS = 600;

  private static final int OPENING_AT_ONCE = 128;
  private static final int HANDSHAKE_BYTES = 16 << 10;
  private static final int FRAME_BYTES = 1 << 20;
  private static final Duration OPENING = Duration.ofSeconds(60);

  private final EventLoopGroup group;

  SocketFleet(int threads) {
    this.group = new MultiThreadIoEventLoopGroup(threads, NioIoHandler.newFactory());
  }

  /**
   * Refuses more sockets in one process than it may have open.
   *
   * @throws HeddleException INVALID_REQUEST with what to do
   */
  static void check(String what, int sockets) {
    long most = ProcessCpu.maxDescriptors();
    if (most > 0 && sockets + OTHER_DESCRIPTORS > most) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "%s: %d sockets in one process, which may have %d open files (expected: %d or more: raise ulimit -n, or take --quick)"
              .formatted(what, sockets, most, sockets + OTHER_DESCRIPTORS));
    }
  }

  /** Opens one; the future fails if the server does not take it. */
  CompletableFuture<ClientSocket> open(Door door, SocketListener listener) {
    var opened = new CompletableFuture<ClientSocket>();
    var connecting =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(OPENING.toMillis()))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpClientCodec(),
                            new HttpObjectAggregator(HANDSHAKE_BYTES),
                            new WebSocketClientProtocolHandler(config(door)),
                            new Receiver(listener, opened));
                  }
                })
            .connect(door.address().host(), door.address().port());
    connecting.addListener(done -> {
      if (!done.isSuccess()) {
        opened.completeExceptionally(done.cause());
      }
    });
    return opened;
  }

  private static WebSocketClientProtocolConfig config(Door door) {
    var builder =
        WebSocketClientProtocolConfig.newBuilder()
            .webSocketUri(URI.create("ws://" + door.address() + door.path()))
            .version(WebSocketVersion.V13)
            .maxFramePayloadLength(FRAME_BYTES)
            .generateOriginHeader(false)
            .handleCloseFrames(false)
            .dropPongFrames(false)
            // Text is decoded all the same.
            .withUTF8Validator(false)
            .handshakeTimeoutMillis(OPENING.toMillis());
    return door.protocol().map(builder::subprotocol).orElse(builder).build();
  }

  /**
   * Opens many, some at a time.
   *
   * @throws HeddleException UNAVAILABLE if one of them cannot be opened in a minute
   */
  List<ClientSocket> openAll(Door door, int count, IntFunction<SocketListener> listeners)
      throws InterruptedException {
    var places = new Semaphore(OPENING_AT_ONCE);
    var opening = new ArrayList<CompletableFuture<ClientSocket>>();
    for (int i = 0; i < count; i++) {
      places.acquire();
      var one = open(door, listeners.apply(i));
      opening.add(one);
      var _ = one.whenComplete((_, _) -> places.release());
      if (one.isCompletedExceptionally()) {
        break;
      }
    }
    var sockets = new ArrayList<ClientSocket>();
    for (var one : opening) {
      try {
        sockets.add(one.get(OPENING.toNanos(), TimeUnit.NANOSECONDS));
      } catch (ExecutionException | TimeoutException e) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "socket %d of %d at %s%s: %s"
                .formatted(sockets.size() + 1, count, door.address(), door.path(), why(e)),
            e);
      }
    }
    return sockets;
  }

  /** What a socket that did not open met first of all: of too few descriptors, only that tells. */
  static String why(Throwable failure) {
    var cause = failure.getCause();
    return cause == null ? failure.toString() : why(cause);
  }

  /** Does something later, on a thread of the fleet. */
  void later(Duration wait, Runnable task) {
    if (!group.isShuttingDown()) {
      var _ = group.schedule(task, wait.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Ends all sockets. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static final class Receiver extends SimpleChannelInboundHandler<WebSocketFrame> {
    private final SocketListener listener;
    private final CompletableFuture<ClientSocket> opened;
    private int code = ClientSocket.NO_CLOSE_FRAME;

    Receiver(SocketListener listener, CompletableFuture<ClientSocket> opened) {
      this.listener = listener;
      this.opened = opened;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
        opened.complete(new ClientSocket(context.channel()));
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
      switch (frame) {
        case TextWebSocketFrame text -> listener.text(opened.join(), text.text());
        case BinaryWebSocketFrame bytes ->
            listener.text(opened.join(), bytes.content().toString(UTF_8));
        case PongWebSocketFrame _ -> listener.pong();
        case CloseWebSocketFrame close -> {
          code = close.statusCode();
          var _ = context.close();
        }
        default -> {
          // Nobody here fragments messages.
          code = -1;
          var _ = context.close();
        }
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!opened.completeExceptionally(new IllegalStateException("closed at the handshake"))
          && !opened.isCompletedExceptionally()) {
        listener.closed(code);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      opened.completeExceptionally(cause);
      var _ = context.close();
    }
  }
}
