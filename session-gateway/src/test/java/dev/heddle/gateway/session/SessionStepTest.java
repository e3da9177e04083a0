package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.map.EntryProcessor;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a session's owner and its backup make of steps. */
class SessionStepTest {
  private static final SessionConfig LIMITS = SessionConfig.defaults();
  private static final String KEY = "t/s";

  private final Place<SessionEntry> owner = new Place<>(KEY, null);
  private final Place<SessionEntry> backup = new Place<>(KEY, null);

  private static ChangeSession put(String name, long now) {
    var value = new byte[] {(byte) now};
    return new ChangeSession(
        List.of(new ChangeSession.Step(name, value, null)), 1_000, now, LIMITS);
  }

  /** Runs a step at the owner; returns what the backup is told. */
  private <R extends @Nullable Object> EntryProcessor<String, SessionEntry, R> told(
      SessionStep<R> step) {
    var _ = owner.run(step);
    return Objects.requireNonNull(step.getBackupProcessor());
  }

  private static SessionEntry in(Place<SessionEntry> place) {
    return Objects.requireNonNull(place.value());
  }

  @Test
  void aBackupThatMissedAChangeHasItWithTheNextOne() {
    var _ = backup.run(told(put("a", 1_001)));
    var _ = told(put("lost", 1_002));
    var _ = backup.run(told(put("b", 1_003)));
    assertEquals(Set.of("a", "b", "lost"), in(backup).sealed().keySet());
    assertArrayEquals(in(owner).sealed().get("lost"), in(backup).sealed().get("lost"));
    assertEquals(in(owner).version(), in(backup).version());
    assertEquals(in(owner).expiresMillis(), in(backup).expiresMillis());
    assertEquals(owner.kept(), backup.kept());
  }

  @Test
  void aBackupThatMissedTheEndHearsOfItWhenItIsEndedAgain() {
    var _ = backup.run(told(put("a", 1_001)));
    var _ = told(new EndSession(1_000, 1_002, 60_000, 0));
    var _ = backup.run(told(new EndSession(1_000, 1_003, 60_000, 0)));
    assertTrue(in(backup).ended());
    assertEquals(in(owner).expiresMillis(), in(backup).expiresMillis());
  }

  @Test
  void whatChangesNothingIsNothingToTheBackup() {
    var look = new TouchSession(1_001, LIMITS, true);
    var _ = owner.run(look);
    assertNull(look.getBackupProcessor());
    var _ = owner.run(put("a", 1_001));
    var _ = owner.run(look);
    assertNull(look.getBackupProcessor());
    var soon = new TouchSession(1_002, LIMITS, false);
    var _ = owner.run(soon);
    assertNull(soon.getBackupProcessor());
    long due = 1_001 + LIMITS.idleTimeout().toMillis() / SessionStore.TOUCHES;
    var _ = backup.run(told(new TouchSession(due, LIMITS, false)));
    assertEquals(due, in(backup).touchedMillis());
    var tooMany = new ChangeSession.Step("x", new byte[0], new byte[] {1});
    var refused = new ChangeSession(List.of(tooMany), 1_000, due, LIMITS);
    var _ = owner.run(refused);
    assertNull(refused.getBackupProcessor(), "an attribute was not as expected");
  }

  /** The grid does a step again on the same object where it was interrupted. */
  @Test
  void aStepThatIsDoneAgainTellsWhatItDidLast() {
    ChangeSession change = put("a", 1_001);
    var _ = owner.run(change);
    assertNotNull(change.getBackupProcessor());
    var _ = owner.run(new EndSession(1_000, 1_002, 60_000, 0));
    var _ = owner.run(change);
    assertNull(change.getBackupProcessor());
  }
}
