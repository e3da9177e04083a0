package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.SessionStore.Change;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sessions after all gateways are gone. What a crash leaves is a copy of the journals at some
 * moment; others are started from that.
 */
@Timeout(300)
class SessionRestartTest {
  private static final String TENANT = "default";
  private static final int MANY = 30;

  private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final Closer closer = new Closer();

  @TempDir private Path directory;

  /** A store and its metrics. */
  private record Gateway(SessionStore store, SimpleMeterRegistry meters) {
    double gauge(String name) {
      return meters.get("heddle.gateway.session.store." + name).gauge().value();
    }
  }

  @BeforeEach
  void makeKeys() throws IOException {
    KeyRing.createIfAbsent(keys());
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private Path keys() {
    return directory.resolve("session-keys.yaml");
  }

  private Gateway gateway(Path home, SessionStore... others) {
    return gateway(home, JournalDisk.real(), others);
  }

  private Gateway gateway(Path home, JournalDisk disk, SessionStore... others) {
    var members = new ArrayList<String>();
    for (SessionStore other : others) {
      members.add(other.gridAddress().toString());
    }
    GatewayConfig config = config(home, members);
    return gateway(home, config, config.hazelcast(), disk);
  }

  private GatewayConfig config(Path home, List<String> members) {
    var shared = new SharedGrid(keys(), Duration.ofSeconds(60), false);
    return GatewaySettings.of(shared.settings(GatewayConfig.defaults(), members))
        .sessionStore(home, Duration.ofMillis(50))
        .config();
  }

  private Gateway gateway(Path home, GatewayConfig config, GridConfig grid, JournalDisk disk) {
    var meters = new SimpleMeterRegistry();
    var name = home.getFileName().toString();
    var store = new SessionStore(name, config.session(), grid, disk, clock, meters);
    return new Gateway(closer.register(name, store), meters);
  }

  private Path home(String name) {
    return directory.resolve(name);
  }

  /** What a crash would leave. */
  private Path crashed(Path home, String name) throws IOException {
    Path copy = Files.createDirectories(home(name));
    for (String file : List.of("journal", "grid", "format")) {
      Files.copy(home.resolve(file), copy.resolve(file));
    }
    return copy;
  }

  private static String put(SessionStore store, String value) {
    String session = store.visit(TENANT, null).session();
    put(store, session, value);
    return session;
  }

  private static void put(SessionStore store, String session, String value) {
    assertTrue(store.change(TENANT, session, List.of(new Change("a", value, null))));
  }

  private static Map<String, String> all(SessionStore store, String session) {
    return store.get(TENANT, session, List.of());
  }

  private static void end(SessionStore store, String session) {
    var _ = store.records(Duration.ZERO).end(TENANT, session);
  }

  @Test
  void theDiskOfOwnerOrBackupAloneBringsAllBack() throws IOException {
    var one = gateway(home("one"));
    var two = gateway(home("two"), one.store());
    var sessions = new ArrayList<String>();
    for (int i = 0; i < MANY; i++) {
      sessions.add(put(one.store(), "\"open text\""));
    }
    String ended = put(one.store(), "1");
    Eventually.eventually("both hold all", () -> two.gauge("sessions") == MANY + 1);
    for (int i = 0; i < MANY; i++) {
      put(two.store(), sessions.get(i), "" + i);
    }
    end(two.store(), ended);
    for (String disk : List.of("one", "two")) {
      var after = gateway(crashed(home(disk), disk + "-again"));
      for (int i = 0; i < MANY; i++) {
        assertEquals(Map.of("a", "" + i), all(after.store(), sessions.get(i)), "by " + disk);
      }
      assertTrue(after.store().ended(TENANT, ended), "by " + disk);
      assertThrows(HeddleException.class, () -> put(after.store(), ended, "2"));
      String file =
          Files.readString(home(disk + "-again").resolve("journal"), StandardCharsets.ISO_8859_1);
      assertFalse(file.contains("open text"), "what is in it is sealed");
    }
  }

  @Test
  void ofTwoDisksTheLaterChangeHolds() throws IOException {
    var one = gateway(home("one"));
    String session = put(one.store(), "\"early\"");
    String ended = put(one.store(), "1");
    Path early = crashed(home("one"), "early");
    clock.advance(Duration.ofSeconds(5));
    put(one.store(), session, "\"late\"");
    end(one.store(), ended);
    Path late = crashed(home("one"), "late");
    for (boolean earlyFirst : List.of(true, false)) {
      var names = "-" + earlyFirst;
      var first = gateway(crashed(earlyFirst ? early : late, "first" + names));
      var second = gateway(crashed(earlyFirst ? late : early, "second" + names), first.store());
      for (Gateway each : List.of(first, second)) {
        assertEquals(Map.of("a", "\"late\""), all(each.store(), session));
        assertEquals(Map.of(), all(each.store(), ended));
        assertTrue(each.store().ended(TENANT, ended));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ofTwoThatStartAtOnceNeitherUndoesWhatTheOtherHas(boolean inOrder) throws Exception {
    var origin = gateway(home("origin"));
    var sessions = new ArrayList<String>();
    for (int i = 0; i < 8 * MANY; i++) {
      sessions.add(put(origin.store(), "\"early\""));
    }
    Path left = crashed(home("origin"), "left");
    Path right = crashed(home("origin"), "right");
    clock.advance(Duration.ofSeconds(5));
    // Each half has done something while the other was away.
    var halves = List.of(gateway(left), gateway(right));
    for (int i = 0; i < sessions.size(); i++) {
      SessionStore half = halves.get(i % 2).store();
      if (i % 4 < 2) {
        put(half, sessions.get(i), "\"late\"");
      } else {
        end(half, sessions.get(i));
      }
    }
    var homes = new ArrayList<>(List.of(crashed(left, "one"), crashed(right, "two")));
    if (!inOrder) {
      Collections.reverse(homes);
    }
    int port = freePort(10_000 + (int) (ProcessHandle.current().pid() % 10_000));
    var members = List.of("127.0.0.1:" + port, "127.0.0.1:" + freePort(port + 1));
    // The one goes on with the rest of its own when the other has brought back all that it has.
    var disk = new FailingDisk();
    var reads = new AtomicInteger();
    disk.beforeReads(() -> {
      if (reads.incrementAndGet() == sessions.size() / 2) {
        Eventually.eventually("the other one is ready", () -> restored(homes.get(1)));
      }
    });
    CompletableFuture<Gateway> second =
        CompletableFuture.supplyAsync(
            () -> member(homes.get(1), members, members.get(1), JournalDisk.real()));
    var both = List.of(member(homes.get(0), members, members.get(0), disk), second.join());
    assertTrue(reads.get() > sessions.size(), "it was stopped halfway");
    for (Gateway each : both) {
      asAfterAll(each, sessions);
      Eventually.eventually("all is told", () -> each.gauge("sessions") == sessions.size());
    }
    // What they have told their journals since is the same.
    for (Path each : homes) {
      asAfterAll(gateway(crashed(each, each.getFileName() + "-again")), sessions);
    }
  }

  private static void asAfterAll(Gateway gateway, List<String> sessions) {
    for (int i = 0; i < sessions.size(); i++) {
      boolean ended = i % 4 >= 2;
      var expected = ended ? Map.<String, String>of() : Map.of("a", "\"late\"");
      assertEquals(expected, all(gateway.store(), sessions.get(i)), "session " + i);
      assertEquals(ended, gateway.store().ended(TENANT, sessions.get(i)), "session " + i);
    }
  }

  /** One below those that systems give to whoever asks for any. */
  private static int freePort(int from) throws IOException {
    for (int port = from; port < from + 100; port++) {
      try (var _ = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        return port;
      } catch (BindException e) {
        // The next one.
      }
    }
    throw new IOException("no port is free from " + from);
  }

  /** Whether a gateway has brought back its journal, as far as others know. */
  private static boolean restored(Path home) {
    String name = "heddle-" + home.getFileName() + "-";
    return Hazelcast.getAllHazelcastInstances().stream()
        .filter(each -> each.getName().startsWith(name))
        .anyMatch(each ->
            each.getMap(SessionKeeper.STARTS)
                .containsKey(each.getCluster().getLocalMember().getUuid().toString()));
  }

  private Gateway member(Path home, List<String> members, String address, JournalDisk disk) {
    GatewayConfig config = config(home, members);
    var grid = new GridConfig(HostPort.parse(address), members, Duration.ofSeconds(60));
    return gateway(home, config, grid, disk);
  }

  @Test
  void aGatewayThatComesBackUndoesNothingOfWhatWasDoneWithoutIt() throws IOException {
    var one = gateway(home("one"));
    String changed = put(one.store(), "1");
    String ended = put(one.store(), "1");
    // As after a fault of clocks: what it has claims to be later than anything.
    clock.advance(Duration.ofMinutes(5));
    put(one.store(), changed, "2");
    Path old = crashed(home("one"), "old");
    clock.advance(Duration.ofMinutes(-5));
    var two = gateway(home("two"));
    put(two.store(), changed, "3");
    end(two.store(), ended);
    var back = gateway(old, two.store());
    for (Gateway each : List.of(two, back)) {
      assertEquals(Map.of("a", "3"), all(each.store(), changed));
      assertEquals(Map.of(), all(each.store(), ended));
      assertTrue(each.store().ended(TENANT, ended));
    }
  }

  @Test
  void anEndHoldsThoughOnlyADiskThatIsAwayKnowsTheSession() throws IOException {
    var one = gateway(home("one"));
    String session = put(one.store(), "1");
    clock.advance(Duration.ofMinutes(20));
    put(one.store(), session, "2");
    clock.advance(Duration.ofMinutes(15));
    Path away = crashed(home("one"), "away");
    var two = gateway(home("two"));
    end(two.store(), session);
    var back = gateway(away, two.store());
    assertEquals(Map.of(), all(back.store(), session));
    assertTrue(back.store().ended(TENANT, session));
  }

  @Test
  void whoTakesOverSessionsHasThemInItsJournal() throws IOException {
    var one = gateway(home("one"));
    var sessions = new ArrayList<String>();
    for (int i = 0; i < MANY; i++) {
      sessions.add(put(one.store(), "" + i));
    }
    var two = gateway(home("two"), one.store());
    Eventually.eventually("the other one has them", () -> two.gauge("sessions") == MANY);
    var after = gateway(crashed(home("two"), "two-again"));
    for (int i = 0; i < MANY; i++) {
      assertEquals(Map.of("a", "" + i), all(after.store(), sessions.get(i)));
    }
  }

  @Test
  void afterAFullDiskTheJournalHasWhatItMissed() throws IOException {
    var disk = new FailingDisk();
    var one = gateway(home("one"));
    var two = gateway(home("two"), disk, one.store());
    var before = new ArrayList<String>();
    for (int i = 0; i < MANY; i++) {
      before.add(put(one.store(), "0"));
    }
    Eventually.eventually("both hold all", () -> two.gauge("sessions") == MANY);
    assertEquals(0, two.gauge("lagging"));
    disk.failAfter(100);
    put(one.store(), before.getFirst(), "1");
    var sessions = new ArrayList<String>();
    for (int i = 0; i < MANY; i++) {
      sessions.add(put(i % 2 == 0 ? one.store() : two.store(), "" + i));
    }
    assertEquals(1, two.gauge("lagging"));
    for (int i = 0; i < MANY; i++) {
      assertEquals(Map.of("a", "" + i), all(two.store(), sessions.get(i)), "it goes on in memory");
    }
    disk.failAfter(Long.MAX_VALUE);
    Eventually.eventually("it has them", () -> two.gauge("sessions") == 2 * MANY);
    assertEquals(0, two.gauge("lagging"));
    var after = gateway(crashed(home("two"), "two-again"));
    for (int i = 0; i < MANY; i++) {
      assertEquals(Map.of("a", "" + i), all(after.store(), sessions.get(i)));
    }
  }

  @Test
  void aSessionWhoseTimeWasOverWhileAllWereAwayStaysAway() throws IOException {
    var one = gateway(home("one"));
    String old = put(one.store(), "1");
    clock.advance(Duration.ofMinutes(20));
    String young = put(one.store(), "2");
    Path left = crashed(home("one"), "left");
    clock.advance(Duration.ofMinutes(11));
    var after = gateway(left);
    assertEquals(Map.of(), all(after.store(), old));
    assertEquals(Map.of("a", "2"), all(after.store(), young));
  }

  @Test
  void sessionsThatAreToOutliveGatewaysNeedKeysThatDo() {
    var config =
        GatewaySettings.of(GatewayConfig.defaults())
            .sessionStore(home("one"), Duration.ofSeconds(1))
            .config();
    var refused =
        assertThrows(
            HeddleException.class,
            () ->
                new SessionStore(
                    "one", config.session(), config.hazelcast(), clock, new SimpleMeterRegistry()));
    assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
    assertTrue(refused.getMessage().contains("session.keys"), refused.getMessage());
  }

  @Test
  void twoGatewaysWithOneDirectoryAreRefused() {
    var one = gateway(home("one"));
    var refused = assertThrows(HeddleException.class, () -> gateway(home("one"), one.store()));
    assertEquals(ErrorCode.CONFLICT, refused.code());
  }
}
