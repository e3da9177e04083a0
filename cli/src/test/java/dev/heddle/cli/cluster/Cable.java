package dev.heddle.cli.cluster;

import dev.heddle.process.HostPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to a server that can be cut, and mended. Thread safe. */
final class Cable implements AutoCloseable {
  private final HostPort server;
  private final ServerSocket end;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean whole = true;

  Cable(HostPort server) throws IOException {
    this.server = server;
    this.end = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofPlatform().daemon().name("cable").start(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + end.getLocalPort();
  }

  /** Ends what goes through it; until it is mended, nothing else does. */
  void cut() {
    whole = false;
    sockets.forEach(Cable::drop);
  }

  void mend() {
    whole = true;
  }

  private void accept() {
    try {
      while (true) {
        var near = end.accept();
        sockets.add(near);
        if (whole) {
          var far = new Socket(server.host(), server.port());
          sockets.add(far);
          carry(near, far);
          carry(far, near);
        }
        if (!whole) {
          sockets.forEach(Cable::drop);
        }
      }
    } catch (IOException e) {
      if (!end.isClosed()) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void carry(Socket from, Socket to) {
    var _ =
        Thread.ofPlatform()
            .daemon()
            .name("cable " + from.getPort())
            .start(() -> {
              try (from;
                  to) {
                var _ = from.getInputStream().transferTo(to.getOutputStream());
              } catch (IOException e) {
                // Cut, or either side has gone: so is the other one.
              } finally {
                sockets.remove(from);
              }
            });
  }

  private static void drop(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    end.close();
    cut();
  }
}
