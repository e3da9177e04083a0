package dev.heddle.loadtest.gateway;

import dev.heddle.process.HostPort;
import java.util.Optional;

/**
 * Where a WebSocket is opened.
 *
 * @param path with its query, encoded already
 * @param protocol the subprotocol to ask for
 */
record Door(HostPort address, String path, Optional<String> protocol) {
  /** Without subprotocol. */
  static Door plain(HostPort address, String path) {
    return new Door(address, path, Optional.empty());
  }

  /** With the subprotocol of connections that survive their sockets. */
  static Door resumable(HostPort address, String path) {
    return new Door(address, path, Optional.of("heddle.v1"));
  }
}
