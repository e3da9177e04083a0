package dev.heddle.loadtest.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** An HTTP/1.1 server on loopback that answers each request with what its script says. */
public final class ScriptedServer implements AutoCloseable {
  private static final int BACKLOG = 64;

  private final ServerSocket listener;
  private final Function<Request, Reply> script;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();

  /**
   * A request as it came.
   *
   * @param connection counts from 1
   */
  public record Request(
      int connection, String method, String path, Map<String, String> headers, String body) {}

  /** What to do about it. */
  public sealed interface Reply {
    /** A well-formed reply that keeps the connection. */
    record Json(int status, String body) implements Reply {}

    /** These bytes, and the end of the connection if it says so. */
    record Raw(String bytes, boolean close) implements Reply {}

    /** These bytes one by one, each in a write of its own. */
    record Trickle(String bytes) implements Reply {}

    /** The end of the connection instead of a reply. */
    record Drop() implements Reply {}

    /** Nothing at all, with the connection left open. */
    record Silence() implements Reply {}
  }

  public ScriptedServer(Function<Request, Reply> script) throws IOException {
    this.script = script;
    this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Connections accepted up to now. */
  public int connections() {
    return connections.get();
  }

  private void accept() {
    try {
      while (true) {
        var socket = listener.accept();
        sockets.add(socket);
        int number = connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(socket, number));
      }
    } catch (IOException e) {
      // Closed: there is nobody to accept any more.
    }
  }

  private void serve(Socket socket, int connection) {
    try (socket) {
      socket.setTcpNoDelay(true);
      var in = new BufferedInputStream(socket.getInputStream());
      boolean open = true;
      while (open) {
        open = answer(script.apply(request(in, connection)), socket.getOutputStream(), in);
      }
    } catch (IOException e) {
      // The client went away, or the test has ended.
    } finally {
      sockets.remove(socket);
    }
  }

  private static Request request(InputStream in, int connection) throws IOException {
    var first = line(in).split(" ", 3);
    var headers = new HashMap<String, String>();
    for (var line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    var length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    var body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
    return new Request(connection, first[0], first[1], headers, body);
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("closed by the client");
      }
      line.append((char) c);
    }
    return line.toString().strip();
  }

  /** Whether the connection goes on. */
  private static boolean answer(Reply reply, OutputStream out, InputStream in) throws IOException {
    return switch (reply) {
      case Reply.Json json -> {
        var body = json.body().getBytes(StandardCharsets.UTF_8);
        var head =
            "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                .formatted(json.status(), body.length);
        out.write(head.getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        yield true;
      }
      case Reply.Raw raw -> {
        out.write(raw.bytes().getBytes(StandardCharsets.UTF_8));
        yield !raw.close();
      }
      case Reply.Trickle trickle -> {
        for (var b : trickle.bytes().getBytes(StandardCharsets.UTF_8)) {
          out.write(b);
          out.flush();
        }
        yield true;
      }
      case Reply.Drop drop -> false;
      case Reply.Silence silence -> in.read() >= 0;
    };
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (var socket : sockets) {
      socket.close();
    }
  }
}
