package dev.heddle.gateway.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;

/**
 * How many sockets an address may hold: more are closed as they open. Loopback and trusted proxies
 * are not counted. Remembers as much as there are sockets. Thread-safe.
 */
final class SocketLimit implements Connection.Listener {
  private final int most;
  private final List<AddressBlock> proxies;
  private final ConcurrentHashMap<EndPoint, AddressBlock> sockets = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<AddressBlock, Integer> counts = new ConcurrentHashMap<>();

  SocketLimit(ClientLimits limits) {
    this.most = limits.sockets();
    this.proxies = limits.trustedProxies().stream().map(AddressBlock::parse).toList();
  }

  /** Also told of the WebSocket connection that follows an HTTP connection on the same socket. */
  @Override
  public void onOpened(Connection connection) {
    EndPoint socket = connection.getEndPoint();
    if (socket instanceof SslConnection.SslEndPoint) {
      // What TLS carries: its socket has come before.
      return;
    }
    if (socket.getRemoteSocketAddress() instanceof InetSocketAddress peer
        && peer.getAddress() != null
        && !enter(socket, peer.getAddress())) {
      socket.close();
    }
  }

  @Override
  public void onClosed(Connection connection) {
    EndPoint socket = connection.getEndPoint();
    if (!(socket instanceof SslConnection.SslEndPoint) && !socket.isOpen()) {
      leave(socket);
    }
  }

  /** Whether this socket may stay. */
  boolean enter(EndPoint socket, InetAddress address) {
    if (address.isLoopbackAddress() || proxies.stream().anyMatch(each -> each.contains(address))) {
      return true;
    }
    AddressBlock client = AddressBlock.ofClient(address);
    if (sockets.putIfAbsent(socket, client) != null) {
      return true;
    }
    if (counts.merge(client, 1, Integer::sum) <= most) {
      return true;
    }
    leave(socket);
    return false;
  }

  void leave(EndPoint socket) {
    AddressBlock client = sockets.remove(socket);
    if (client != null) {
      counts.computeIfPresent(client, (any, count) -> count == 1 ? null : count - 1);
    }
  }

  /** Addresses that hold sockets. */
  int addresses() {
    return counts.size();
  }
}
