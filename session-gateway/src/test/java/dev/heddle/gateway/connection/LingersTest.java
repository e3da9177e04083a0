package dev.heddle.gateway.connection;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.connection.Lingers.Linger;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.testing.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which stays wait for a next poll, and for how long. */
class LingersTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration TIME = Duration.ofSeconds(3);
  private static final Duration WINDOW = Duration.ofSeconds(60);

  private final ManualClock clock = new ManualClock(START);

  /** As connection, epoch, and when its client was last seen. */
  private final List<String> detached = new ArrayList<>();

  private Lingers lingers = lingers(TIME, 2);

  private Lingers lingers(Duration time, int most) {
    return lingers(
        time,
        most,
        (stay, seen) ->
            detached.add(
                stay.key().id() + " " + stay.epoch() + " " + Duration.between(START, seen)),
        Runnable::run);
  }

  private Lingers lingers(
      Duration time,
      int most,
      BiConsumer<ResumableConnection, Instant> detach,
      Consumer<Runnable> later) {
    ResumeConfig usual = ResumeConfig.defaults();
    var config =
        new ResumeConfig(
            usual.window(),
            usual.history(),
            usual.pollWait(),
            usual.heartbeat(),
            usual.takeOver(),
            time,
            most);
    return new Lingers(config, detach, later, clock);
  }

  @AfterEach
  void stop() {
    lingers.close();
  }

  @SuppressWarnings("NullAway") // Nobody asks the grid here.
  private static ResumableConnection stay(String id, long epoch) {
    var client = new Client(id, "t", "chat", "", START, "", "", "", Optional.empty(), Map.of());
    var subscriptions = new Subscriptions(client, new ClientChannels(null, null));
    return new ResumableConnection(client, epoch, 0, null, subscriptions);
  }

  private Known known(long epoch, long generation, boolean attached, Duration window) {
    return new Known(
        "chat",
        "",
        false,
        START,
        new byte[0],
        window,
        new Carrier("here", ""),
        epoch,
        generation,
        attached,
        0,
        0,
        new Carrier("", ""),
        new byte[0],
        true,
        0,
        START,
        START,
        Set.of(),
        null);
  }

  private Known known() {
    return known(1, 1, true, WINDOW);
  }

  private static PollTransport answered() throws InterruptedException {
    var transport = new PollTransport(1 << 20, Map.of());
    var _ = transport.await(Duration.ZERO);
    return transport;
  }

  private static Tokens.Resume token(String id, long generation) {
    return new Tokens.Resume(new ConnectionKey("t", id), generation);
  }

  private @Nullable Linger take(String id, Known known) {
    return lingers.take(token(id, 1), known, 0, Map.of());
  }

  @Test
  void itIsDetachedWhenItsTimeIsOverAsOfWhenItsClientWasSeen() throws Exception {
    clock.advance(Duration.ofSeconds(1));
    assertTrue(lingers.begin(stay("a", 1), answered(), known()));
    clock.advance(TIME.minusMillis(1));
    lingers.turn();
    assertEquals(List.of(), detached);
    clock.advance(Duration.ofMillis(1));
    lingers.turn();
    lingers.turn();
    assertEquals(List.of("a 1 PT1S"), detached);
    assertNull(take("a", known()));
  }

  @Test
  void theNextPollTakesItAndNobodyElseEndsIt() throws Exception {
    PollTransport transport = answered();
    assertTrue(lingers.begin(stay("a", 1), transport, known()));
    Linger taken = take("a", known());
    assertNotNull(taken);
    assertNull(take("a", known()), "another poll has it");
    clock.advance(TIME);
    lingers.turn();
    lingers.close();
    transport.close(CloseCodes.REPLACED, "replaced");
    assertEquals(List.of(), detached, "its poll ends it");
  }

  @Test
  void whatTheGridDoesNotConfirmIsNotTaken() throws Exception {
    assertTrue(lingers.begin(stay("a", 1), answered(), known()));
    assertNull(take("b", known()));
    assertNull(take("a", known(2, 2, true, WINDOW)), "taken over");
    assertNull(take("a", known(2, 1, false, WINDOW)), "adopted");
    assertNull(take("a", known(1, 1, false, WINDOW)), "detached");
    assertNull(lingers.take(token("a", 2), known(), 0, Map.of()), "another token");
    assertNull(lingers.take(token("a", 1), known(), 1, Map.of()), "another offset");
    assertNotNull(take("a", known()), "it is still here");
  }

  @Test
  void nowAndThenAPollAttachesAnew() throws Exception {
    clock.advance(Duration.ofSeconds(9));
    assertTrue(lingers.begin(stay("a", 1), answered(), known()));
    clock.advance(Duration.ofSeconds(1));
    assertNull(take("a", known()), "attached ten seconds ago");
    assertEquals(1, lingers.count());
  }

  @Test
  void thereAreOnlySoMany() throws Exception {
    assertTrue(lingers.begin(stay("a", 1), answered(), known()));
    assertTrue(lingers.begin(stay("b", 1), answered(), known()));
    assertFalse(lingers.begin(stay("c", 1), answered(), known()));
    assertNotNull(take("a", known()));
    assertTrue(lingers.begin(stay("c", 1), answered(), known()));
  }

  @Test
  void noneIsLongerThanItsWindow() throws Exception {
    assertTrue(lingers.begin(stay("a", 1), answered(), known(1, 1, true, Duration.ofSeconds(1))));
    clock.advance(Duration.ofSeconds(1));
    lingers.turn();
    assertEquals(List.of("a 1 PT0S"), detached);
  }

  @Test
  void withoutTimeNoneDoes() throws Exception {
    lingers.close();
    lingers = lingers(Duration.ZERO, 2);
    assertFalse(lingers.begin(stay("a", 1), answered(), known()));
  }

  @Test
  void whoIsClosedMeanwhileIsDetachedOnce() throws Exception {
    PollTransport transport = answered();
    assertTrue(lingers.begin(stay("a", 1), transport, known()));
    transport.close(CloseCodes.REPLACED, "replaced");
    assertEquals(List.of("a 1 PT0S"), detached);
    clock.advance(TIME);
    lingers.turn();
    assertEquals(1, detached.size());
    assertFalse(lingers.begin(stay("a", 1), transport, known()), "closed before");
    assertEquals(0, lingers.count());
  }

  @Test
  void aNewerStayTakesThePlaceOfTheOneItFollows() throws Exception {
    ResumableConnection older = stay("a", 1);
    assertTrue(lingers.begin(older, answered(), known()));
    assertFalse(lingers.leave(stay("a", 2)));
    assertTrue(lingers.leave(older));
    assertFalse(lingers.leave(older));
    clock.advance(TIME);
    lingers.turn();
    assertEquals(List.of(), detached, "who follows it ends it");
  }

  @Test
  void aGatewayThatStopsDetachesAll() throws Exception {
    assertTrue(lingers.begin(stay("a", 1), answered(), known()));
    clock.advance(Duration.ofSeconds(1));
    assertTrue(lingers.begin(stay("b", 4), answered(), known(4, 4, true, WINDOW)));
    clock.advance(Duration.ofSeconds(1));
    lingers.close();
    assertEquals(Set.of("a 1 PT0S", "b 4 PT1S"), Set.copyOf(detached));
    assertFalse(lingers.begin(stay("c", 1), answered(), known()));
  }

  /** Each detaching waits for the grid. */
  @Test
  @Timeout(60)
  void manyAreDetachedAtOnceButNotAll() throws Exception {
    lingers.close();
    int many = Lingers.AT_ONCE + 10;
    var under = new AtomicInteger();
    var most = new AtomicInteger();
    var done = new AtomicInteger();
    var go = new CountDownLatch(1);
    lingers =
        lingers(
            TIME,
            many,
            (_, _) -> {
              most.accumulateAndGet(under.incrementAndGet(), Math::max);
              await(go);
              under.decrementAndGet();
              done.incrementAndGet();
            },
            work -> Thread.ofVirtual().start(work));
    for (int i = 0; i < many; i++) {
      assertTrue(lingers.begin(stay("c" + i, 1), answered(), known()));
    }
    clock.advance(TIME);
    Thread turn = Thread.ofVirtual().start(lingers::turn);
    try {
      eventually("as many as may", () -> under.get() == Lingers.AT_ONCE);
      assertEquals(many - Lingers.AT_ONCE, lingers.count(), "the next poll finds the others");
    } finally {
      go.countDown();
    }
    turn.join();
    eventually("all are detached", () -> done.get() == many);
    assertEquals(Lingers.AT_ONCE, most.get());
    assertEquals(0, lingers.count());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
