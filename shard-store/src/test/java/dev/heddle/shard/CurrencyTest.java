package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Role;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CurrencyTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long UNKNOWN = Currency.UNKNOWN.toNanos();

  private final FakeGroup group = new FakeGroup();
  private final Currency currency = new Currency();

  /** By a ticker that may begin anywhere. */
  private long now = -7 * SECOND;

  @Test
  void whoHasAllThatItKnowsOfIsNotCurrentBeforeTheLeaderSaysSo() {
    follow(3, 10, 10);
    assertFalse(currency.caughtUp());
    assertEquals(UNKNOWN, currency.stalenessNanos(now));
    assertEquals(1, group.barriers.size());
    group.barriers.getFirst().complete(10L);
    assertTrue(currency.caughtUp());
    follow(3, 10, 10);
    assertEquals(0, currency.stalenessNanos(now));
    now += SECOND;
    assertEquals(SECOND, currency.stalenessNanos(now));
    // It lacks something from now on.
    follow(3, 12, 11);
    assertEquals(SECOND, currency.stalenessNanos(now));
    assertTrue(currency.caughtUp());
    assertEquals(1, group.barriers.size());
  }

  @Test
  void theLeaderIsAskedOnceAtATimeAndAgainIfItDidNotAnswer() {
    follow(3, 10, 10);
    now += SECOND;
    follow(3, 10, 10);
    assertEquals(1, group.barriers.size());
    group.barriers.getFirst().completeExceptionally(failure());
    assertFalse(currency.caughtUp());
    follow(3, 10, 10);
    assertEquals(2, group.barriers.size());
    group.barriers.get(1).completeExceptionally(failure());
    follow(3, 10, 10);
    assertEquals(2, group.barriers.size(), "at once would be too soon");
  }

  @Test
  void aNewLeaderIsAskedBeforeAnythingIsDatedAgain() {
    confirmed(3);
    now += SECOND;
    follow(4, 10, 10);
    assertTrue(currency.caughtUp(), "it was, and serves");
    assertEquals(SECOND, currency.stalenessNanos(now));
    group.barriers.getLast().complete(10L);
    follow(4, 10, 10);
    assertEquals(0, currency.stalenessNanos(now));
  }

  @Test
  void aFetchedStateHasToBeConfirmed() {
    follow(3, 10, 10);
    currency.forget();
    group.barriers.getLast().complete(10L);
    assertFalse(currency.caughtUp(), "the answer is from before");
    now += SECOND;
    follow(3, 20, 20);
    group.barriers.getLast().complete(20L);
    assertTrue(currency.caughtUp());
  }

  @Test
  void withoutALeaderNobodyIsAsked() {
    currency.observe(status(Role.CANDIDATE, 3, Optional.empty(), 10), group, 10, now);
    assertEquals(List.of(), group.barriers);
    assertEquals(UNKNOWN, currency.stalenessNanos(now));
  }

  @Test
  void theLeaderItselfIsCurrent() {
    currency.observe(status(Role.LEADER, 3, Optional.of("a"), 10), group, 9, now);
    assertTrue(currency.caughtUp());
    assertEquals(UNKNOWN, currency.stalenessNanos(now), "searches lack the last one");
    currency.observe(status(Role.LEADER, 3, Optional.of("a"), 10), group, 10, now);
    assertEquals(0, currency.stalenessNanos(now));
    assertEquals(List.of(), group.barriers);
  }

  private void confirmed(long term) {
    follow(term, 10, 10);
    group.barriers.getLast().complete(10L);
    follow(term, 10, 10);
    assertEquals(0, currency.stalenessNanos(now));
  }

  private void follow(long term, long committed, long visible) {
    currency.observe(status(Role.FOLLOWER, term, Optional.of("b"), committed), group, visible, now);
  }

  private static GroupStatus status(Role role, long term, Optional<String> leader, long committed) {
    return new GroupStatus(
        role,
        role == Role.LEADER,
        leader,
        term,
        committed,
        committed,
        committed,
        Duration.ZERO,
        List.of(),
        "");
  }

  private static HeddleException failure() {
    return new HeddleException(ErrorCode.NO_MAJORITY, "read: no answer");
  }
}
