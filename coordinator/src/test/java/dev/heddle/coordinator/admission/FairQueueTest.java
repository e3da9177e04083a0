package dev.heddle.coordinator.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.admission.FairQueue.Kind;
import dev.heddle.coordinator.admission.FairQueue.Outcome;
import dev.heddle.coordinator.admission.Ticket.State;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FairQueueTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final ManualTicker ticker = new ManualTicker();
  private final List<Ticket> decided = new ArrayList<>();

  static AdmissionConfig config(int queue, double share, Map<String, TenantQuota> tenants) {
    var config = AdmissionConfig.defaults();
    return new AdmissionConfig(
        "fixed",
        1,
        1,
        config.tolerance(),
        config.late(),
        queue,
        config.patience(),
        config.target(),
        share,
        config.tenant(),
        tenants);
  }

  private FairQueue queue(int places, int queue, double share, Map<String, TenantQuota> tenants) {
    var config = config(queue, share, tenants);
    return new FairQueue(
        Kind.queries(config), config, ConcurrencyLimit.fixed(places), ticker, decided::add);
  }

  private FairQueue queue(int places, int queue) {
    return queue(places, queue, 1, Map.of());
  }

  private Ticket offer(FairQueue queue, String tenant, Priority priority, Duration time) {
    return queue.offer(tenant, priority, ticker.nanoTime() + time.toNanos());
  }

  private Ticket offer(FairQueue queue, String tenant) {
    return offer(queue, tenant, Priority.NORMAL, LONG);
  }

  private HeddleException refused(FairQueue queue, String tenant) {
    var refusal = assertThrows(HeddleException.class, () -> offer(queue, tenant));
    assertEquals(ErrorCode.OVERLOADED, refusal.code());
    assertTrue(refusal.retryAfter().isPositive());
    return refusal;
  }

  /** Lets one through that takes so long. */
  private void serve(FairQueue queue, Ticket ticket, Duration time) {
    ticker.advance(time);
    queue.done(ticket, Outcome.SERVED);
  }

  @Test
  void whatFindsAPlaceIsLetInAtOnceAndTheOthersInOrder() {
    var queue = queue(1, 10);
    var first = offer(queue, "a");
    assertSame(State.ADMITTED, first.state);
    var second = offer(queue, "a");
    var third = offer(queue, "a");
    assertSame(State.WAITING, second.state);
    serve(queue, first, Duration.ofMillis(2));
    assertSame(State.ADMITTED, second.state);
    assertEquals(2_000_000, second.waitedNanos());
    queue.done(first, Outcome.SERVED);
    assertSame(State.WAITING, third.state);
    serve(queue, second, Duration.ofMillis(2));
    assertEquals(List.of(second, third), decided);
    queue.done(third, Outcome.SERVED);
    assertEquals(0, queue.inFlight() + queue.waiting());
  }

  @Test
  void aFullQueueRefusesWithAHint() {
    var queue = queue(1, 1);
    offer(queue, "a");
    offer(queue, "a");
    var refusal = refused(queue, "a");
    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith("queries: 1 in flight, 1 waiting"),
        refusal::toString);
  }

  @Test
  void aFloodMakesRoomInTheQueueForAnotherTenant() {
    var queue = queue(1, 4);
    var running = offer(queue, "flood");
    for (int i = 0; i < 4; i++) {
      offer(queue, "flood");
    }
    var other = offer(queue, "modest");
    assertSame(State.WAITING, other.state);
    assertEquals(1, decided.size());
    assertSame(State.REFUSED, decided.getFirst().state);
    assertNotNull(decided.getFirst().refusal);
    queue.done(running, Outcome.SERVED);
    // It has no place yet; the flood had the last one.
    assertSame(State.ADMITTED, other.state);
  }

  @Test
  void whereThereAreSeveralTenantsNoneHasAllPlaces() {
    var queue = queue(8, 10, 0.5, Map.of());
    for (int i = 0; i < 6; i++) {
      assertSame(State.ADMITTED, offer(queue, "flood").state);
    }
    assertSame(State.ADMITTED, offer(queue, "modest").state);
    assertSame(State.WAITING, offer(queue, "flood").state);
    assertSame(State.ADMITTED, offer(queue, "modest").state);
  }

  @Test
  void quotasBoundPlacesAndRates() {
    var quotas =
        Map.of("few", new TenantQuota(1, 2, 0, 0, 0), "rare", new TenantQuota(1, 0, 0.5, 0, 0));
    var queue = queue(8, 0, 1, quotas);
    offer(queue, "few");
    offer(queue, "few");
    assertTrue(
        String.valueOf(refused(queue, "few").getMessage()).contains("fewer than 2, its quota"));
    queue.done(offer(queue, "rare"), Outcome.SERVED);
    var refusal = refused(queue, "rare");
    assertEquals(Duration.ofSeconds(2), refusal.retryAfter());
    assertTrue(String.valueOf(refusal.getMessage()).contains("its 0.50 a second"));
    // It is not forgotten while its rate has not filled up.
    ticker.advance(Duration.ofMillis(1_900));
    refused(queue, "rare");
    ticker.advance(Duration.ofMillis(101));
    assertSame(State.ADMITTED, offer(queue, "rare").state);
  }

  private static Duration millis(long millis) {
    return Duration.ofMillis(millis);
  }

  /** A flood of one tenant, another one has just been gone for so long that it is forgotten. */
  private List<Ticket> floodAsAnotherIsForgotten(FairQueue queue) {
    queue.done(offer(queue, "other"), Outcome.IGNORED);
    ticker.advance(millis(9_100));
    List<Ticket> flood = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      flood.add(offer(queue, "flood"));
    }
    ticker.advance(millis(950));
    for (int i = 0; i < 2; i++) {
      flood.add(offer(queue, "flood"));
      assertSame(State.WAITING, flood.getLast().state);
    }
    ticker.advance(millis(60));
    return flood;
  }

  @Test
  void aShareThatAnotherLeftIsForThoseWhoWaitBeforeItIsForNewcomers() {
    var queue = queue(6, 10, 0.7, Map.of());
    var flood = floodAsAnotherIsForgotten(queue);
    var newcomer = offer(queue, "newcomer");
    assertEquals(flood.subList(4, 6), decided);
    assertSame(State.ADMITTED, flood.getLast().state);
    assertSame(State.WAITING, newcomer.state);
    queue.done(flood.getFirst(), Outcome.IGNORED);
    assertSame(State.ADMITTED, newcomer.state);
  }

  @Test
  void aShareThatAnotherLeftIsHandedOutWithTheNextPlace() {
    var queue = queue(8, 10, 0.5, Map.of());
    var flood = floodAsAnotherIsForgotten(queue);
    queue.done(flood.getFirst(), Outcome.IGNORED);
    assertEquals(flood.subList(4, 6), decided);
  }

  /** More tenants than may have queues of their own, each of which comes and goes. */
  private void crowd(FairQueue queue) {
    for (int i = 0; i < 3 * Tenants.MOST; i++) {
      queue.done(offer(queue, "t" + i), Outcome.IGNORED);
    }
  }

  private static List<String> names(FairQueue queue) {
    return queue.standings().stream().map(FairQueue.Standing::tenant).sorted().toList();
  }

  @Test
  void tenantsThatAreTooManyCountAsOne() {
    var queue = queue(20, 10, 0.2, Map.of("named", TenantQuota.defaults()));
    crowd(queue);
    assertEquals(Tenants.MOST + 1, names(queue).size());
    for (int i = 0; i < 4; i++) {
      assertSame(State.ADMITTED, offer(queue, "late" + i).state);
    }
    assertSame(State.WAITING, offer(queue, "late4").state);
    // Not so those that came before, nor those that the config names.
    assertSame(State.ADMITTED, offer(queue, "t5").state);
    assertSame(State.ADMITTED, offer(queue, "named").state);
    assertEquals(Tenants.MOST + 2, names(queue).size());
  }

  @Test
  void howeverManyTenantsThereAreTheyAreLookedThroughByTimeOnly() {
    var queue = queue(8, 10);
    crowd(queue);
    ticker.advance(millis(9_500));
    queue.done(offer(queue, "t0"), Outcome.IGNORED);
    ticker.advance(millis(800));
    // Nearly all could be forgotten by now.
    queue.done(offer(queue, "new"), Outcome.IGNORED);
    assertEquals(Tenants.MOST + 1, names(queue).size());
    ticker.advance(millis(201));
    queue.done(offer(queue, "new"), Outcome.IGNORED);
    assertEquals(List.of(Tenants.OTHERS, "new", "t0"), names(queue));
  }

  @Test
  void whatWouldHaveNoTimeLeftIsRefusedAtOnce() {
    var queue = queue(1, 10);
    serve(queue, offer(queue, "a"), Duration.ofMillis(50));
    offer(queue, "a");
    assertThrows(
        HeddleException.class, () -> offer(queue, "a", Priority.NORMAL, Duration.ofMillis(60)));
    var patient = offer(queue, "a", Priority.NORMAL, Duration.ofMillis(150));
    assertSame(State.WAITING, patient.state);
    // It keeps at least what requests take.
    assertEquals(100_000_000, patient.giveUpNanos - ticker.nanoTime());
    var late =
        assertThrows(
            HeddleException.class, () -> offer(queue, "a", Priority.NORMAL, Duration.ZERO));
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, late.code());
  }

  @Test
  void inALastingOverloadTheNewestIsNextAndNoneWaitsLong() {
    var queue = queue(1, 100);
    var running = offer(queue, "a");
    Ticket newest = running;
    for (int i = 0; i < 60; i++) {
      ticker.advance(Duration.ofMillis(3));
      decided.clear();
      newest = offer(queue, "a");
      queue.done(running, Outcome.SERVED);
      running = decided.getLast();
      if (i % 2 == 0) {
        offer(queue, "a");
      }
    }
    assertSame(newest, running);
    var waiting = offer(queue, "a");
    assertTrue(waiting.giveUpNanos - ticker.nanoTime() <= 12_000_000);
  }

  @Test
  void importantOnesComeFirstButNotAlone() {
    var queue = queue(1, 100);
    var running = offer(queue, "a");
    for (int i = 0; i < 21; i++) {
      offer(queue, "a", Priority.LOW, LONG);
      offer(queue, "a", Priority.HIGH, LONG);
      offer(queue, "a", Priority.NORMAL, LONG);
    }
    Map<Priority, Integer> served = new EnumMap<>(Priority.class);
    for (int i = 0; i < 21; i++) {
      queue.done(running, Outcome.IGNORED);
      running = decided.getLast();
      served.merge(running.priority, 1, Integer::sum);
    }
    assertEquals(Map.of(Priority.HIGH, 16, Priority.NORMAL, 4, Priority.LOW, 1), served);
  }

  /** Thousands of schedules of everything that can happen to a request, in any order. */
  @Test
  void noPlaceIsLostOrGivenTwiceWhateverHappens() {
    for (int seed = 0; seed < 4_000; seed++) {
      try {
        new Schedule(seed).run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static final class Schedule {
    private static final List<String> TENANTS = List.of("a", "b", "c");
    private static final List<Priority> PRIORITIES =
        List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW);
    private static final List<Outcome> OUTCOMES =
        List.of(Outcome.SERVED, Outcome.DROPPED, Outcome.IGNORED);

    final ManualTicker ticker = new ManualTicker();
    final Random random;
    final List<Ticket> open = new ArrayList<>();
    final FairQueue queue;
    final AdmissionConfig config;
    final int places;

    Schedule(int seed) {
      random = new Random(seed);
      places = 1 + random.nextInt(6);
      var quotas =
          Map.of(
              "a", new TenantQuota(0.5 + random.nextInt(3), random.nextInt(4), 0, 0, 0),
              "b", new TenantQuota(1, 0, random.nextInt(300), 0, 0));
      config = config(random.nextInt(12), 0.25 + random.nextDouble() * 0.75, quotas);
      queue =
          new FairQueue(
              Kind.queries(config),
              config,
              ConcurrencyLimit.fixed(places),
              ticker,
              ticket -> assertFalse(ticket.state == State.WAITING));
    }

    void run() {
      for (int step = 0; step < 150; step++) {
        step();
        check();
      }
      for (var ticket : List.copyOf(open)) {
        queue.withdraw(ticket);
      }
      while (queue.inFlight() > 0) {
        open.stream().filter(ticket -> ticket.state == State.ADMITTED).forEach(queue::withdraw);
      }
      assertEquals(0, queue.inFlight() + queue.waiting());
      queue.standings().forEach(one -> assertEquals(0, one.inFlight() + one.waiting()));
      // And all places are there again.
      ticker.advance(Duration.ofSeconds(30));
      for (int i = 0; i < places; i++) {
        assertSame(State.ADMITTED, offer("c", LONG).state);
      }
    }

    private Ticket offer(String tenant, Duration time) {
      var priority = PRIORITIES.get(random.nextInt(3));
      return queue.offer(tenant, priority, ticker.nanoTime() + time.toNanos());
    }

    private void step() {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          try {
            open.add(
                offer(TENANTS.get(random.nextInt(3)), Duration.ofMillis(1 + random.nextInt(400))));
          } catch (HeddleException e) {
            assertTrue(e.code() == ErrorCode.OVERLOADED, e::toString);
          }
        }
        case 2 -> ticker.advance(Duration.ofMillis(random.nextInt(40)));
        case 3 -> any().ifPresent(ticket -> queue.done(ticket, outcome()));
        case 4 -> any().ifPresent(queue::withdraw);
        default ->
            open.stream()
                .filter(ticket -> ticker.nanoTime() - ticket.giveUpNanos > 0)
                .forEach(queue::expire);
      }
    }

    private Outcome outcome() {
      return OUTCOMES.get(random.nextInt(3));
    }

    private java.util.Optional<Ticket> any() {
      return open.isEmpty()
          ? java.util.Optional.empty()
          : java.util.Optional.of(open.get(random.nextInt(open.size())));
    }

    private void check() {
      long admitted = open.stream().filter(ticket -> ticket.state == State.ADMITTED).count();
      long waiting = open.stream().filter(ticket -> ticket.state == State.WAITING).count();
      assertEquals(admitted, queue.inFlight());
      assertEquals(waiting, queue.waiting());
      assertTrue(admitted <= places, "places");
      assertTrue(waiting <= config.queue(), "queue");
      for (var standing : queue.standings()) {
        int most = config.quota(standing.tenant()).queries();
        assertTrue(most == 0 || standing.inFlight() <= most, "quota");
      }
      for (var ticket : open) {
        assertTrue(ticket.state != State.REFUSED || ticket.refusal != null, "reason");
        if (ticket.state == State.ADMITTED) {
          assertTrue(ticket.admittedNanos - ticket.giveUpNanos <= 0, "in time");
        }
      }
    }
  }
}
