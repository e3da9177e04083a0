package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.SessionRecords.SessionName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which connections are of which user and session, and that nothing is kept of those that left. */
class UsersOfSessionsTest {
  private final Users users = new Users();

  private static Client client(String tenant, int id, String session, String user) {
    return new Client(
        "c" + id,
        tenant,
        "app",
        session,
        Instant.EPOCH,
        "host",
        "127.0.0.1",
        "agent",
        Optional.of(user).filter(name -> !name.isEmpty()),
        Map.of());
  }

  @Test
  void findsThoseOfASessionAndForgetsThoseThatLeft() {
    List<Client> hers =
        IntStream.range(0, 3).mapToObj(i -> client("t", i, "s", i == 0 ? "ada" : "")).toList();
    Client other = client("u", 9, "s", "ada");
    hers.forEach(users::add);
    users.add(other);
    var session = new SessionName("t", "s");
    assertEquals(3, users.of(session).size());
    assertEquals(Set.of(hers.getFirst().key()), users.of(new User("t", "app", "ada")));
    assertEquals(Set.of(session, new SessionName("u", "s")), users.sessions());
    // One that never came is nobody's.
    users.remove(client("u", 10, "s", "ada"));
    assertEquals(Set.of(other.key()), users.of(new SessionName("u", "s")));
    users.remove(other);
    assertEquals(Set.of(session), users.sessions());
    hers.forEach(each -> {
      users.remove(each);
      users.remove(each);
    });
    assertEquals(Set.of(), users.sessions());
    assertEquals(Set.of(), users.of(new User("t", "app", "ada")));
  }
}
