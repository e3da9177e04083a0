package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.SessionRecords.SessionName;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which connections of this gateway are of whom: of which user, where their apps ask that, and of
 * which cookie session. Thread-safe.
 */
final class Users {
  private final ConcurrentHashMap<User, Set<ConnectionKey>> byUser = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<SessionName, Set<ConnectionKey>> bySession =
      new ConcurrentHashMap<>();

  /** A user, as the app's authentication names it. */
  record User(String tenant, String app, String name) {
    /** Whose connection it is; empty: the app does not ask. */
    static Optional<User> of(Client client) {
      return client.principal().map(name -> new User(client.tenant(), client.app(), name));
    }
  }

  private static SessionName session(Client client) {
    return new SessionName(client.tenant(), client.session());
  }

  /** A client is here. */
  void add(Client client) {
    User.of(client).ifPresent(user -> add(user, client.key()));
    add(bySession, session(client), client.key());
  }

  /** A client is here no more. */
  void remove(Client client) {
    User.of(client).ifPresent(user -> remove(user, client.key()));
    remove(bySession, session(client), client.key());
  }

  void add(User user, ConnectionKey key) {
    add(byUser, user, key);
  }

  void remove(User user, ConnectionKey key) {
    remove(byUser, user, key);
  }

  /** The connections of a user. */
  Set<ConnectionKey> of(User user) {
    return of(byUser, user);
  }

  /** The connections of a session. */
  Set<ConnectionKey> of(SessionName session) {
    return of(bySession, session);
  }

  /** The sessions that have any. */
  Set<SessionName> sessions() {
    return new HashSet<>(bySession.keySet());
  }

  private static <K> void add(
      ConcurrentHashMap<K, Set<ConnectionKey>> index, K whose, ConnectionKey key) {
    index.compute(
        whose,
        (_, known) -> {
          if (known == null) {
            // Most have one only, of which there are many.
            return Set.of(key);
          }
          Set<ConnectionKey> all = known instanceof HashSet ? known : new HashSet<>(known);
          all.add(key);
          return all;
        });
  }

  private static <K> void remove(
      ConcurrentHashMap<K, Set<ConnectionKey>> index, K whose, ConnectionKey key) {
    index.computeIfPresent(
        whose,
        (_, all) -> {
          if (all instanceof HashSet) {
            all.remove(key);
            return all.isEmpty() ? null : all;
          }
          return all.contains(key) ? null : all;
        });
  }

  private static <K> Set<ConnectionKey> of(
      ConcurrentHashMap<K, Set<ConnectionKey>> index, K whose) {
    var found = new HashSet<ConnectionKey>();
    index.computeIfPresent(
        whose,
        (_, all) -> {
          found.addAll(all);
          return all;
        });
    return found;
  }
}
