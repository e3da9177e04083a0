package dev.heddle.loadtest.http;

import dev.heddle.process.HostPort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * One keep-alive connection that sends a request and reads its reply; small packets go out at once.
 * Owned by one thread; {@link #close} may come from any, and ends an exchange with an IOException.
 */
public final class HttpConnection implements AutoCloseable {
  private final Socket socket;
  private final OutputStream out;
  private final ReplyReader replies;
  private boolean usable = true;

  private HttpConnection(Socket socket, HttpLimits limits) throws IOException {
    this.socket = socket;
    this.out = socket.getOutputStream();
    this.replies = new ReplyReader(socket.getInputStream(), limits);
  }

  public static HttpConnection open(HostPort address, HttpLimits limits) throws IOException {
    var socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(limits.timeoutMillis());
      socket.connect(new InetSocketAddress(address.host(), address.port()), limits.timeoutMillis());
      return new HttpConnection(socket, limits);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Whether another exchange may be tried: none has failed, and the server keeps the connection.
   */
  public boolean usable() {
    return usable;
  }

  /**
   * Sends the request and reads the reply to its end.
   *
   * @throws IOException if the server goes away, is silent for too long, exceeds a limit or does
   *     not speak HTTP; the connection is of no more use then
   */
  public HttpReply exchange(HttpRequest request) throws IOException {
    if (!usable) {
      throw new IOException("connection: used up (expected: a new one)");
    }
    usable = false;
    replies.expectNothing();
    out.write(request.bytes());
    var reply = replies.read();
    usable = reply.keepAlive();
    return reply;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
