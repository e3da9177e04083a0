package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.SessionStore.Change;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two gateway nodes' stores over one grid. */
@Timeout(300)
class SessionStoreTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final ManualClock clock = new ManualClock(START);
  private static final Duration JOIN = Duration.ofSeconds(60);
  private static SessionStore one;
  private static SessionStore two;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    Path keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    one = store("one", keys, List.of());
    two = store("two", keys, List.of(one.gridAddress().toString()));
    assertEquals(one.gridAddress().host(), "127.0.0.1");
  }

  private static SessionStore store(String node, Path keys, List<String> members) {
    var grid = new SharedGrid(keys, JOIN, false);
    GatewayConfig config = grid.settings(GatewayConfig.defaults(), members);
    return new SessionStore(
        node, config.session(), config.hazelcast(), clock, new SimpleMeterRegistry());
  }

  /** Whatever becomes of a test: the next one has this time again. */
  @AfterEach
  void turnBackTheClock() {
    clock.advance(Duration.between(clock.instant(), START));
  }

  @AfterAll
  static void stop() {
    two.close();
    one.close();
  }

  private static String session() {
    return one.visit("default", null).session();
  }

  private static boolean put(SessionStore store, String session, String name, String json) {
    return store.change("default", session, List.of(new Change(name, json, null)));
  }

  private static Map<String, String> all(SessionStore store, String session) {
    return store.get("default", session, List.of());
  }

  @Test
  void whatOneNodeWritesTheOtherReads() {
    String session = session();
    assertTrue(put(one, session, "recent", "[\"loom\"]"));
    assertEquals(Map.of("recent", "[\"loom\"]"), all(two, session));
    assertTrue(put(two, session, "theme", "\"dark\""));
    assertEquals(Map.of("theme", "\"dark\""), one.get("default", session, List.of("theme")));
    assertTrue(one.change("default", session, List.of(new Change("recent", null, null))));
    assertEquals(Map.of("theme", "\"dark\""), all(two, session));
  }

  @Test
  void whatFollowsAStepStartsNoThreadOfTheSystem() {
    var threads = ManagementFactory.getThreadMXBean();
    assertFalse(one.ended("default", session()));
    long before = threads.getTotalStartedThreadCount();
    for (int i = 0; i < 300; i++) {
      assertFalse(one.ended("default", session()));
    }
    // With one or two processors there would be one for each; some are of others meanwhile.
    long started = threads.getTotalStartedThreadCount() - before;
    assertTrue(started < 100, started + " threads for 300 steps");
  }

  @Test
  void aSessionIsNothingToAnotherTenant() {
    String session = session();
    put(one, session, "a", "1");
    assertEquals(Map.of(), one.get("other", session, List.of()));
  }

  @Test
  void valuesEnterTheGridEncryptedAndBoundToTheirPlace() {
    KeyRing ring = KeyRing.ephemeral();
    var cipher = new AttributeCipher(ring);
    byte[] plain = "\"secret-text\"".getBytes(StandardCharsets.UTF_8);
    byte[] sealed = cipher.seal("t", "s", "n", plain);
    assertFalse(new String(sealed, StandardCharsets.ISO_8859_1).contains("secret"));
    assertEquals(plain.length, AttributeCipher.plainLength(sealed));
    assertEquals(
        "\"secret-text\"", new String(cipher.open("t", "s", "n", sealed), StandardCharsets.UTF_8));
    assertThrows(HeddleException.class, () -> cipher.open("u", "s", "n", sealed));
    assertThrows(HeddleException.class, () -> cipher.open("t", "x", "n", sealed));
    assertThrows(HeddleException.class, () -> cipher.open("t", "s", "m", sealed));
    sealed[sealed.length - 1] ^= 1;
    assertThrows(HeddleException.class, () -> cipher.open("t", "s", "n", sealed));
  }

  @Test
  void aChangeHoldsOnlyIfTheExpectedValueIsThere() {
    String session = session();
    var absent = new Change("a", "1", "");
    assertTrue(one.change("default", session, List.of(absent)));
    assertFalse(two.change("default", session, List.of(absent)));
    assertFalse(two.change("default", session, List.of(new Change("a", "3", "2"))));
    assertTrue(two.change("default", session, List.of(new Change("a", "2", "1"))));
    assertEquals(Map.of("a", "2"), all(one, session));
    assertFalse(
        one.change(
            "default", session, List.of(new Change("b", "1", null), new Change("a", "9", "1"))),
        "all or none");
    assertEquals(Map.of("a", "2"), all(two, session));
    assertTrue(one.change("default", session, List.of(new Change("a", null, "2"))));
    assertFalse(one.change("default", session, List.of(new Change("a", "1", "2"))));
  }

  @Test
  void expectedValuesAreComparedAsJson() {
    String session = session();
    put(one, session, "a", "{\"x\":1,\"y\":[true]}");
    assertTrue(
        one.change(
            "default", session, List.of(new Change("a", "2", "{ \"y\": [true], \"x\": 1 }"))));
  }

  @Test
  void tenThousandConcurrentChangesFromTwoNodesLoseNone() throws Exception {
    String session = session();
    int attributes = 8;
    int changes = 10_000;
    IntStream.range(0, attributes).forEach(i -> put(one, session, "n" + i, "0"));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var done = new ArrayList<Future<?>>();
      for (SessionStore store : List.of(one, two)) {
        for (int i = 0; i < attributes; i++) {
          String name = "n" + i;
          Callable<Void> work =
              () -> {
                for (int n = 0; n < changes / attributes / 2; n++) {
                  increment(store, session, name);
                }
                return null;
              };
          done.add(threads.submit(work));
        }
      }
      for (Future<?> each : done) {
        each.get();
      }
    }
    Map<String, String> counts = all(two, session);
    long total = counts.values().stream().mapToLong(Long::parseLong).sum();
    assertEquals(changes, total, counts.toString());
  }

  private static void increment(SessionStore store, String session, String name) {
    boolean applied = false;
    while (!applied) {
      String value = store.get("default", session, List.of(name)).get(name);
      String next = Long.toString(Long.parseLong(value) + 1);
      applied = store.change("default", session, List.of(new Change(name, next, value)));
    }
  }

  @Test
  void refusesBeyondTheLimits() {
    String session = session();
    assertCode(ErrorCode.INVALID_REQUEST, () -> put(one, session, "n".repeat(129), "1"));
    assertCode(ErrorCode.INVALID_REQUEST, () -> put(one, session, "", "1"));
    assertCode(ErrorCode.MALFORMED_JSON, () -> put(one, session, "a", "{"));
    String large = "\"" + "x".repeat(16 * 1024 - 2) + "\"";
    assertCode(ErrorCode.TOO_LARGE, () -> put(one, session, "a", large.replace("x\"", "xx\"")));
    for (int i = 0; i < 3; i++) {
      put(one, session, "large" + i, large);
    }
    assertCode(ErrorCode.LIMIT_REACHED, () -> put(one, session, "large3", large));
    assertEquals(3, all(one, session).size());
    String many = session();
    for (int i = 0; i < 64; i++) {
      put(two, many, "a" + i, "1");
    }
    assertCode(ErrorCode.LIMIT_REACHED, () -> put(two, many, "a64", "1"));
    assertTrue(put(two, many, "a63", "2"), "replacing is not adding");
    assertCode(ErrorCode.INVALID_REQUEST, () -> put(one, "no-session-id", "a", "1"));
  }

  private static void assertCode(ErrorCode code, org.junit.jupiter.api.function.Executable call) {
    assertEquals(code, assertThrows(HeddleException.class, call).code());
  }

  @Test
  void everyWriteSetsTheTimeToLiveAgain() {
    String session = session();
    long idle = SessionConfig.defaults().idleTimeout().toMillis();
    put(one, session, "a", "1");
    assertEquals(idle, two.millisToLive("default", session));
    clock.advance(Duration.ofMinutes(5));
    assertTrue(two.touch("default", session));
    assertEquals(idle, one.millisToLive("default", session));
    clock.advance(Duration.ofMinutes(5));
    assertEquals(Map.of("a", "1"), all(one, session));
    assertFalse(one.touch("default", session()), "nothing was written there");
    clock.advance(Duration.ofDays(30).minusMinutes(20));
    assertTrue(put(one, session, "a", "2"));
    assertEquals(Duration.ofMinutes(10).toMillis(), two.millisToLive("default", session));
  }

  @Test
  void anOldCookieWithoutEntryGetsAFreshSessionAndOneWithEntryKeepsIts() {
    var visit = one.visit("default", null);
    String cookie = value(visit);
    var used = one.visit("default", null);
    put(two, used.session(), "a", "1");
    assertEquals(visit.session(), two.visit("default", cookie).session());
    clock.advance(Duration.ofMinutes(31));
    assertNotEquals(visit.session(), two.visit("default", cookie).session());
    assertEquals(used.session(), two.visit("default", value(used)).session());
    clock.advance(Duration.ofDays(30));
    assertNotEquals(used.session(), two.visit("default", value(used)).session());
    assertCode(ErrorCode.GONE, () -> put(one, used.session(), "a", "2"));
  }

  private static String value(SessionStore.Visit visit) {
    String header = visit.setCookie().orElseThrow();
    return header.substring(header.indexOf('=') + 1, header.indexOf(';'));
  }

  @Test
  void anotherTenantsOrAForgedCookieGetsAFreshSession() {
    var visit = one.visit("default", null);
    String cookie = value(visit);
    assertTrue(visit.setCookie().orElseThrow().contains("HttpOnly; SameSite=Lax"));
    assertEquals(visit.session(), one.visit("default", cookie).session());
    assertTrue(one.visit("default", cookie).setCookie().isEmpty());
    assertNotEquals(visit.session(), one.visit("other", cookie).session());
    for (String forged :
        List.of(
            "",
            "x",
            visit.session(),
            visit.session() + ".",
            visit.session() + ".!!",
            cookie.substring(0, cookie.length() - 4) + "AAAA",
            (cookie.startsWith("A") ? "B" : "A") + cookie.substring(1))) {
      assertNotEquals(visit.session(), one.visit("default", forged).session(), forged);
    }
  }

  @Test
  void whoStillShowsTheCookieFromBeforeARenewalIsAStrangerWithoutACookie() {
    var visit = one.visit("default", null);
    String cookie = value(visit);
    put(one, visit.session(), "a", "1");
    SessionRecords records = one.records(Duration.ZERO);
    var next = records.renew("default", visit.session());
    assertEquals(Map.of("a", "1"), all(two, next.session()));
    for (SessionStore each : List.of(one, two)) {
      var late = each.visit("default", cookie);
      assertFalse(late.known());
      assertTrue(late.setCookie().isEmpty(), "it would take the place of the new one");
      assertNotEquals(visit.session(), late.session());
      assertNotEquals(next.session(), late.session());
      assertTrue(each.find("default", cookie).isEmpty());
      assertTrue(each.ended("default", visit.session()));
    }
    clock.advance(Duration.ofSeconds(31));
    assertTrue(two.visit("default", cookie).setCookie().isPresent(), "nobody sends it any more");
    clock.advance(Duration.ofSeconds(-31));
    // Who logs out is no stranger to be waited for.
    assertTrue(records.end("default", next.session()));
    assertTrue(two.visit("default", value(next)).setCookie().isPresent());
  }

  @Test
  void ofTwoWhoRenewOneSessionTheFirstOneGivesTheCookie() {
    var visit = one.visit("default", null);
    put(one, visit.session(), "a", "1");
    var first = one.records(Duration.ZERO).renew("default", visit.session());
    assertTrue(first.setCookie().isPresent());
    for (SessionStore each : List.of(one, two)) {
      var late = each.records(Duration.ZERO).renew("default", visit.session());
      assertTrue(late.setCookie().isEmpty(), "it would take the place of the first one's");
      assertNotEquals(first.session(), late.session());
      assertEquals(first.session(), each.visit("default", value(first)).session());
      assertEquals(Map.of("a", "1"), all(each, first.session()));
    }
    clock.advance(Duration.ofSeconds(31));
    var later = two.records(Duration.ZERO).renew("default", visit.session());
    assertTrue(later.setCookie().isPresent(), "whoever that is has nothing else");
  }

  @Test
  void whatIsNotThereIsRememberedOfAYoungIdOnly() {
    String young = session();
    assertFalse(one.ended("default", young));
    assertFalse(one.lived("default", young));
    String told = session();
    assertFalse(one.ended("default", told));
    assertTrue(two.records(Duration.ZERO).end("default", told));
    assertFalse(one.ended("default", told), "it was not asked for again");
    one.records(Duration.ZERO).forget("default", told);
    assertTrue(one.ended("default", told));
    put(one, young, "a", "1");
    clock.advance(one.touchInterval());
    assertFalse(one.ended("default", young));
    assertTrue(one.lived("default", young));
    var old = one.visit("default", null);
    clock.advance(Duration.ofMinutes(31));
    assertFalse(one.ended("default", old.session()));
    assertNotEquals(old.session(), one.visit("default", value(old)).session(), "its time is over");
  }

  @Test
  void readingAnEndedSessionIsNoSignOfItsLife() {
    String session = session();
    put(one, session, "a", "1");
    assertTrue(two.records(Duration.ZERO).end("default", session));
    assertEquals(Map.of(), all(one, session));
    assertTrue(one.ended("default", session));
  }

  @Test
  void idsOfTheTimeToComeAreNone() {
    clock.advance(Duration.ofMinutes(2));
    String late = session();
    clock.advance(Duration.ofMinutes(-2));
    SessionRecords records = one.records(Duration.ZERO);
    assertCode(ErrorCode.INVALID_REQUEST, () -> put(one, late, "a", "1"));
    assertCode(ErrorCode.INVALID_REQUEST, () -> records.end("default", late));
  }

  @Test
  void listsSayAllUpToWhereTheyEnd() {
    var ids = new TreeSet<String>();
    for (int i = 0; i < 20; i++) {
      String id = session("lists");
      one.change("lists", id, List.of(new Change("a", "1", null)));
      ids.add(id);
    }
    SessionRecords records = one.records(Duration.ZERO);
    String gone = ids.first();
    assertTrue(records.end("lists", gone));
    ids.remove(gone);
    var found = new TreeSet<String>();
    for (SessionStore each : List.of(one, two)) {
      String after = "";
      do {
        var part = each.records(Duration.ZERO).own("lists", after, 3);
        assertTrue(part.sessions().size() <= 3);
        part.sessions().forEach(one -> assertTrue(found.add(one.session())));
        after = part.upTo();
      } while (!after.isEmpty());
    }
    assertEquals(ids, found);
  }

  private static String session(String tenant) {
    return one.visit(tenant, null).session();
  }

  @Test
  void aNodeOfSeveralNeedsAKeyRingFile() {
    var grid = new GridConfig(new HostPort("127.0.0.1", 0), List.of("127.0.0.1:1"), JOIN);
    assertCode(
        ErrorCode.INVALID_REQUEST,
        () ->
            new SessionStore(
                "three", SessionConfig.defaults(), grid, clock, new SimpleMeterRegistry()));
  }
}
