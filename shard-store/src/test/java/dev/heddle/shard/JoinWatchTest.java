package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JoinWatchTest {
  private static final ShardIdentity SHARD = LocalShards.identity(1, 0, LocalShards.INCARNATION);
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();

  private final JoinWatch watch = new JoinWatch(Duration.ofMinutes(5));
  private long now = Long.MAX_VALUE - 3 * MINUTE;

  @Test
  void whoGetsNoFurtherForSoLongIsStuck() {
    look(-1, -1);
    now += 4 * MINUTE;
    assertFalse(look(-1, -1));
    now += MINUTE;
    assertTrue(look(-1, -1));
    assertTrue(look(-1, -1), "until somebody does something");
  }

  @Test
  void everyStepIsProgress() {
    look(-1, -1);
    for (double part = 0; part <= 1; part += 0.25) {
      now += 4 * MINUTE;
      assertFalse(look(-1, part));
    }
    now += 4 * MINUTE;
    assertFalse(look(100, -1));
    now += 4 * MINUTE;
    assertFalse(look(101, -1));
  }

  @Test
  void theSameFetchAgainIsNone() {
    look(-1, 0);
    look(-1, 0.5);
    for (int i = 0; i < 5; i++) {
      assertFalse(look(-1, -1));
      now += MINUTE / 2;
      assertFalse(look(-1, 0.5));
      now += MINUTE / 2;
    }
    assertTrue(look(-1, 0.3));
  }

  @Test
  void anotherMoveHasItsOwnTime() {
    look(-1, -1);
    now += 5 * MINUTE;
    assertFalse(watch.stuck(SHARD, 2, -1, -1, now));
    watch.retain(Set.of());
    now += 5 * MINUTE;
    assertFalse(watch.stuck(SHARD, 2, -1, -1, now), "it was away meanwhile");
  }

  private boolean look(long applied, double progress) {
    return watch.stuck(SHARD, 1, applied, progress, now);
  }
}
