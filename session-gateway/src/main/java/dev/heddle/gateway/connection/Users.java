package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which connections of this gateway are of whom, where their apps ask that. Thread-safe. */
final class Users {
  private final ConcurrentHashMap<User, Set<ConnectionKey>> connections = new ConcurrentHashMap<>();

  /** A user, as the app's authentication names it. */
  record User(String tenant, String app, String name) {
    /** Whose connection it is; empty: the app does not ask. */
    static Optional<User> of(Client client) {
      return client.principal().map(name -> new User(client.tenant(), client.app(), name));
    }
  }

  void add(User user, ConnectionKey key) {
    connections.compute(
        user,
        (_, known) -> {
          Set<ConnectionKey> all = known == null ? new HashSet<>() : known;
          all.add(key);
          return all;
        });
  }

  void remove(User user, ConnectionKey key) {
    connections.computeIfPresent(
        user,
        (_, all) -> {
          all.remove(key);
          return all.isEmpty() ? null : all;
        });
  }

  /** The connections of a user. */
  Set<ConnectionKey> of(User user) {
    var found = new HashSet<ConnectionKey>();
    connections.computeIfPresent(
        user,
        (_, all) -> {
          found.addAll(all);
          return all;
        });
    return found;
  }
}
