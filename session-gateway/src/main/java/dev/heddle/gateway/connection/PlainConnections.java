package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The open connections of this gateway that are their sockets, by id. Thread-safe. */
final class PlainConnections {
  private final ConcurrentHashMap<ConnectionKey, RawConnection> open = new ConcurrentHashMap<>();

  void opened(RawConnection connection) {
    open.put(connection.client().key(), connection);
  }

  void closed(RawConnection connection) {
    open.remove(connection.client().key(), connection);
  }

  Optional<RawConnection> find(ConnectionKey key) {
    return Optional.ofNullable(open.get(key));
  }
}
