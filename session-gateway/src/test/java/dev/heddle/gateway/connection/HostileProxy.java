package dev.heddle.gateway.connection;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A proxy as people meet them: it refuses, holds back or kills what it does not like. It looks at
 * the first bytes of what a client sends at once, which in these tests is where a request begins.
 */
final class HostileProxy implements AutoCloseable {
  private static final String REFUSAL =
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 2\r\n"
          + "Connection: close\r\n\r\nno";

  private final ServerSocket server;
  private final int target;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();

  /** Requests that begin so get 403. */
  final Set<String> refused = ConcurrentHashMap.newKeySet();

  /** Answers to requests that begin so never arrive. */
  final Set<String> heldBack = ConcurrentHashMap.newKeySet();

  /** Bytes after which a WebSocket is killed. */
  volatile long webSocketBytes = Long.MAX_VALUE;

  /** WebSockets that were killed for that. */
  final AtomicLong killed = new AtomicLong();

  HostileProxy(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /** Kills all that is open. */
  void cut() {
    links.forEach(Link::kill);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var link = new Link(server.accept());
        links.add(link);
        Thread.ofVirtual().start(link::up);
        Thread.ofVirtual().start(link::down);
      } catch (IOException e) {
        // Closed, or the gateway is.
      }
    }
  }

  private final class Link {
    private final Socket client;
    private final Socket gateway = new Socket();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean webSocket;
    private volatile boolean holds;

    Link(Socket client) throws IOException {
      this.client = client;
      gateway.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), target));
    }

    void up() {
      pump(client, gateway, true);
    }

    void down() {
      pump(gateway, client, false);
    }

    private void pump(Socket from, Socket to, boolean requests) {
      byte[] buffer = new byte[16 << 10];
      try (InputStream in = from.getInputStream()) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          if (requests && !passes(new String(buffer, 0, read, StandardCharsets.ISO_8859_1))) {
            client.getOutputStream().write(REFUSAL.getBytes(StandardCharsets.US_ASCII));
            break;
          }
          if (webSocket && bytes.addAndGet(read) > webSocketBytes) {
            killed.incrementAndGet();
            kill();
            return;
          }
          if (requests || !holds) {
            to.getOutputStream().write(buffer, 0, read);
          }
        }
      } catch (IOException e) {
        // One side is gone, so is the other.
      }
      close();
    }

    private boolean passes(String text) {
      webSocket |= text.startsWith("GET /ws/");
      holds = heldBack.stream().anyMatch(text::startsWith);
      return refused.stream().noneMatch(text::startsWith);
    }

    /** As a lost network does: without a goodbye. */
    void kill() {
      try {
        client.setSoLinger(true, 0);
        gateway.setSoLinger(true, 0);
      } catch (IOException e) {
        // It is closed.
      }
      close();
    }

    private void close() {
      links.remove(this);
      try (client;
          gateway) {
        // Both, whatever happens.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    cut();
  }
}
