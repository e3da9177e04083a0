package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The open connections of this gateway that are their sockets, by id. Thread-safe. */
final class PlainConnections {
  private final ConcurrentHashMap<ConnectionKey, RawConnection> open = new ConcurrentHashMap<>();
  private final Users users;

  /** None yet, whose users will be told of there. */
  PlainConnections(Users users) {
    this.users = users;
  }

  void opened(RawConnection connection) {
    Client client = connection.client();
    open.put(client.key(), connection);
    users.add(client);
  }

  void closed(RawConnection connection) {
    Client client = connection.client();
    if (open.remove(client.key(), connection)) {
      users.remove(client);
    }
  }

  /** Those of a tenant. */
  List<ConnectionKey> ofTenant(String tenant) {
    return open.keySet().stream().filter(key -> key.tenant().equals(tenant)).toList();
  }

  Optional<RawConnection> find(ConnectionKey key) {
    return Optional.ofNullable(open.get(key));
  }
}
