package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.connection.PollTransport.Goodbye;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Opening;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stays that were taken over between their attach in the grid and their beginning here. */
@Timeout(60)
class StaleStayTest {
  private static final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private static final Carrier HERE = new Carrier("here", "127.0.0.1:1");
  private static final Carrier THERE = new Carrier("there", "127.0.0.1:2");

  @SuppressWarnings("NullAway.Init") // Set before the tests.
  private static SessionStore store;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    Path keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    GatewayConfig config =
        new SharedGrid(keys, Duration.ofSeconds(60), false)
            .settings(GatewayConfig.defaults(), List.of());
    store =
        new SessionStore(
            "one", config.session(), config.hazelcast(), clock, new SimpleMeterRegistry());
  }

  @AfterAll
  static void stop() {
    store.close();
  }

  @Test
  void theNewestStayOpens() throws Exception {
    ConnectionTable table = store.connections();
    ConnectionKey key = opened(table, "newest");
    assertEquals(0, begin(table, key, 1).code());
  }

  @Test
  void aStayThatWasTakenOverBeforeItWasKnownHereEndsAsReplaced() throws Exception {
    ConnectionTable table = store.connections();
    ConnectionKey key = opened(table, "taken");
    table.attach(key, 1, 0, false, THERE, clock.instant());
    assertEquals(CloseCodes.REPLACED, begin(table, key, 1).code());
  }

  @Test
  void aStayOfAGatewayTakenForLostSendsItsClientAway() throws Exception {
    ConnectionTable table = store.connections();
    ConnectionKey key = opened(table, "adopted");
    table.adopt(key, HERE, THERE, clock.instant());
    assertEquals(CloseCodes.GOING_AWAY, begin(table, key, 1).code());
  }

  /** Where members were lost, the grid may have an entry of before this stay. */
  @Test
  void aStayThatTheGridHasForgottenSendsItsClientAway() throws Exception {
    ConnectionTable table = store.connections();
    ConnectionKey key = opened(table, "forgotten");
    assertEquals(CloseCodes.GOING_AWAY, begin(table, key, 2).code());
  }

  private static ConnectionKey opened(ConnectionTable table, String id) {
    var key = new ConnectionKey("default", id);
    var window = Duration.ofSeconds(60);
    var opening =
        new Opening("chat", "", false, clock.instant(), new byte[0], new byte[0], window, 1 << 16);
    table.open(key, opening, false, HERE, clock.instant());
    return key;
  }

  /** How a poll ends at once whose stay begins under this epoch; code 0: it may go on. */
  @SuppressWarnings("NullAway") // It listens to no channel, so that nobody asks for these.
  private static Goodbye begin(ConnectionTable table, ConnectionKey key, long epoch)
      throws InterruptedException {
    var client =
        new Client(
            key.id(),
            key.tenant(),
            "chat",
            "",
            clock.instant(),
            "",
            "",
            "",
            Optional.empty(),
            Map.of());
    var subscriptions = new Subscriptions(client, new ClientChannels(null, null));
    var stay = new ResumableConnection(client, epoch, 0, table, subscriptions);
    var poll = new PollTransport(1 << 16, Map.of());
    stay.opened(poll, new byte[0], Set.of());
    Goodbye goodbye = poll.await(Duration.ZERO).goodbye();
    return goodbye == null ? new Goodbye(0, "") : goodbye;
  }
}
