package dev.heddle.loadtest.consistency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.loadtest.consistency.SessionEvent.Kind;
import dev.heddle.loadtest.consistency.SessionViolation.Guarantee;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SessionCheckerTest {
  private final List<SessionEvent> events = new ArrayList<>();
  private long now;

  private SessionCheckerTest event(String session, Kind kind, long version) {
    now += 1_000_000;
    events.add(new SessionEvent(session, "k", kind, version, now, now + 500_000));
    return this;
  }

  private List<Guarantee> broken() {
    return SessionChecker.check(events).stream().map(SessionViolation::guarantee).toList();
  }

  @Test
  void readsOwnWritesAndNewerOnes() {
    event("a", Kind.WROTE, 5).event("a", Kind.READ, 5);
    event("b", Kind.WROTE, 7).event("a", Kind.READ, 7);
    event("c", Kind.READ, 5).event("c", Kind.READ, 5);

    assertEquals(List.of(), broken());
  }

  @Test
  void noticesAReadThatMissesAnOwnWrite() {
    event("b", Kind.WROTE, 3).event("a", Kind.WROTE, 5).event("a", Kind.READ, 3);

    assertEquals(List.of(Guarantee.READ_YOUR_WRITES), broken());
    assertEquals(
        "key k: read your writes: a: wrote version 5, and 0.500 ms later a: read version 3",
        SessionChecker.check(events).getFirst().toString());
  }

  @Test
  void noticesAReadThatGoesBack() {
    event("a", Kind.READ, 5).event("a", Kind.READ, 7).event("a", Kind.READ, 5);

    assertEquals(List.of(Guarantee.MONOTONIC_READS), broken());
  }

  @Test
  void findsNothingOnlyWhereSomebodyDeleted() {
    event("a", Kind.WROTE, 5).event("a", Kind.READ, 0);

    assertEquals(List.of(Guarantee.READ_YOUR_WRITES), broken());
  }

  @Test
  void anEarlierDeleteExplainsNothing() {
    event("b", Kind.DELETED, 4).event("a", Kind.WROTE, 5).event("a", Kind.READ, 0);

    assertEquals(List.of(Guarantee.READ_YOUR_WRITES), broken());
  }

  @Test
  void aDeleteOfSomebodyElseExplainsThatItIsGone() {
    event("a", Kind.WROTE, 5).event("b", Kind.DELETED, 6).event("a", Kind.READ, 0);

    assertEquals(List.of(), broken());
  }

  @Test
  void aDeleteInDoubtExplainsThatItIsGoneAlsoLater() {
    event("b", Kind.DELETES_IN_DOUBT, 0).event("a", Kind.WROTE, 5);
    event("a", Kind.READ, 5).event("a", Kind.READ, 0);

    assertEquals(List.of(), broken());
  }

  @Test
  void whatWasDeletedDoesNotComeBack() {
    event("b", Kind.WROTE, 5).event("a", Kind.DELETED, 6).event("a", Kind.READ, 5);

    assertEquals(List.of(Guarantee.READ_YOUR_WRITES), broken());
  }

  @Test
  void whatWasSeenToBeGoneDoesNotComeBack() {
    event("a", Kind.READ, 5).event("b", Kind.DELETED, 6).event("a", Kind.READ, 0);
    event("a", Kind.READ, 5);

    assertEquals(List.of(Guarantee.MONOTONIC_READS), broken());
  }

  @Test
  void whatWasWrittenAfterADeleteIsThere() {
    event("a", Kind.DELETED, 6).event("b", Kind.WROTE, 7).event("a", Kind.READ, 7);
    event("a", Kind.READ, 0);

    assertEquals(List.of(Guarantee.MONOTONIC_READS), broken());
  }

  @Test
  void readsOfAnyLevelPromiseNothingAndCount() {
    event("a", Kind.WROTE, 5).event("a", Kind.READ_ANY, 0).event("a", Kind.READ_ANY, 3);
    event("a", Kind.READ, 5).event("a", Kind.READ_ANY, 9).event("a", Kind.READ, 8);

    assertEquals(List.of(Guarantee.MONOTONIC_READS), broken());
  }

  @Test
  void sessionsPromiseNothingToEachOther() {
    event("a", Kind.WROTE, 5).event("a", Kind.READ, 5).event("b", Kind.READ, 0);

    assertEquals(List.of(), broken());
  }

  @Test
  void refusesASessionThatDoesTwoThingsAtOnce() {
    events.add(new SessionEvent("a", "k", Kind.WROTE, 1, 0, 10));
    events.add(new SessionEvent("a", "k", Kind.READ, 1, 5, 15));

    assertThrows(IllegalArgumentException.class, () -> SessionChecker.check(events));
  }
}
