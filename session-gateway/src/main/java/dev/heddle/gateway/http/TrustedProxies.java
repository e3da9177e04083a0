package dev.heddle.gateway.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;

/**
 * Gives requests the address of the client behind proxies that the operator trusts. Of what the
 * header lists, the last address that is no trusted proxy's is the client: whatever stands before
 * it, the client may have written itself. From anybody else the header means nothing. Immutable.
 */
final class TrustedProxies implements HttpConfiguration.Customizer {
  private static final int MOST_HOPS = 32;

  private final List<AddressBlock> trusted;
  private final ForwardedHeader header;

  TrustedProxies(List<String> trusted, ForwardedHeader header) {
    this.trusted = trusted.stream().map(AddressBlock::parse).toList();
    this.header = header;
  }

  @Override
  public Request customize(Request request, HttpFields.Mutable responseHeaders) {
    ConnectionMetaData connection = request.getConnectionMetaData();
    if (trusted.isEmpty()
        || !(connection.getRemoteSocketAddress() instanceof InetSocketAddress peer)
        || peer.getAddress() == null
        || !trusts(peer.getAddress())) {
      return request;
    }
    InetAddress client = client(peer.getAddress(), header.hops(request.getHeaders()));
    return client.equals(peer.getAddress())
        ? request
        : new Forwarded(request, new InetSocketAddress(client, 0));
  }

  /** Whom a trusted peer serves, as far as that can be told. */
  InetAddress client(InetAddress peer, List<String> hops) {
    InetAddress nearest = peer;
    int from = hops.size() - 1;
    for (int i = from; i >= 0 && i > from - MOST_HOPS && trusts(nearest); i--) {
      Optional<InetAddress> next = AddressBlock.address(ForwardedHeader.withoutPort(hops.get(i)));
      if (next.isEmpty()) {
        break;
      }
      nearest = next.get();
    }
    return nearest;
  }

  private boolean trusts(InetAddress address) {
    return trusted.stream().anyMatch(block -> block.contains(address));
  }

  /** A request as if its client had sent it by itself. */
  private static final class Forwarded extends Request.Wrapper {
    private final ConnectionMetaData connection;

    Forwarded(Request request, SocketAddress client) {
      super(request);
      this.connection =
          new ConnectionMetaData.Wrapper(request.getConnectionMetaData()) {
            @Override
            public SocketAddress getRemoteSocketAddress() {
              return client;
            }
          };
    }

    @Override
    public ConnectionMetaData getConnectionMetaData() {
      return connection;
    }
  }
}
