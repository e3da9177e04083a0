package dev.heddle.gateway.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.PresenceTable;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is told to be in channels, whatever the grid does meanwhile. */
@Timeout(60)
class PresencesTest {
  private static final ChannelKey ROOM = new ChannelKey("acme", "room.1");

  private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeGrid grid = new FakeGrid();
  private final Presences presences = new Presences(grid, Threads.virtual("presence-test"), clock);

  /** Knows what it is told, if it has leave to. */
  private static final class FakeGrid implements Presences.Grid {
    private final Map<ChannelKey, Map<String, String>> known = new ConcurrentHashMap<>();
    private final Semaphore leave = new Semaphore(0);
    private final AtomicInteger steps = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();

    /** 0: none fails. */
    private volatile int failEvery;

    @Override
    public long tell(
        ChannelKey key, Map<String, String> users, Set<String> gone, boolean all, Instant now) {
      int step = begin();
      assertTrue(users.size() + gone.size() <= Presences.BATCH);
      if (fails(step, 0)) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "the grid does not answer");
      }
      Map<String, String> room = known.computeIfAbsent(key, _ -> new ConcurrentHashMap<>());
      if (all) {
        room.clear();
      }
      room.keySet().removeAll(gone);
      room.putAll(users);
      if (fails(step, 1)) {
        // It was done, and nobody hears of it.
        throw new HeddleException(ErrorCode.UNAVAILABLE, "the answer is lost");
      }
      return PresenceTable.digest(room.keySet());
    }

    @Override
    public long renew(ChannelKey key, Instant now) {
      int step = begin();
      if (fails(step, 0)) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "the grid does not answer");
      }
      return PresenceTable.digest(known.getOrDefault(key, Map.of()).keySet());
    }

    private boolean fails(int step, int which) {
      int every = failEvery;
      return every > 0 && step % every == which;
    }

    private int begin() {
      waiting.incrementAndGet();
      leave.acquireUninterruptibly();
      leave.release();
      waiting.decrementAndGet();
      return steps.incrementAndGet();
    }

    Map<String, String> room(ChannelKey key) {
      return known.getOrDefault(key, Map.of());
    }
  }

  @Test
  void aStormIsToldInAFewStepsAndNobodyWaitsForIt() {
    for (int i = 0; i < 5_000; i++) {
      presences.join(ROOM, "c" + i, "u" + i);
    }
    // All have joined, though the grid says nothing yet; one sender waits for it.
    Eventually.eventually("it is asked", () -> grid.waiting.get() == 1);
    grid.leave.release();
    Eventually.eventually("all are known", () -> grid.room(ROOM).size() == 5_000);
    assertTrue(grid.steps.get() <= 5_000 / Presences.BATCH + 2, grid.steps + " steps");
    assertEquals("u7", grid.room(ROOM).get("c7"));
    for (int i = 0; i < 5_000; i++) {
      presences.leave(ROOM, "c" + i);
    }
    Eventually.eventually("all have left", () -> grid.room(ROOM).isEmpty());
    Eventually.eventually("nothing is kept", () -> presences.rooms() == 0);
  }

  @Test
  void whoComesAndGoesWhileTheGridIsSilentLeavesNothingBehind() {
    presences.join(ROOM, "stays", "");
    Eventually.eventually("it is asked", () -> grid.waiting.get() == 1);
    for (int i = 0; i < 1_000; i++) {
      presences.join(ROOM, "c" + i, "");
      presences.leave(ROOM, "c" + i);
    }
    presences.join(ROOM, "stays", "");
    presences.leave(ROOM, "stays");
    grid.leave.release();
    Eventually.eventually("it is known", () -> grid.room(ROOM).size() == 1);
    presences.join(ROOM, "last", "");
    Eventually.eventually("so is the last", () -> grid.room(ROOM).size() == 2);
    assertEquals(2, grid.steps.get(), "nobody else was told of");
  }

  @Test
  void whatTheGridHasLostIsToldAgain() {
    grid.leave.release();
    presences.join(ROOM, "a", "");
    presences.join(ROOM, "b", "");
    Eventually.eventually("they are known", () -> grid.room(ROOM).size() == 2);
    // As many as before, but others: a number would not show it.
    grid.room(ROOM).remove("a");
    grid.room(ROOM).put("ghost", "");
    clock.advance(PresenceTable.LEASE);
    presences.renewIfDue();
    Eventually.eventually(
        "it is as it was", () -> grid.room(ROOM).keySet().equals(Set.of("a", "b")));
  }

  @Test
  void inTheEndTheGridKnowsWhoIsThereWhateverFailedMeanwhile() {
    long seed = Long.getLong("heddle.seed", new Random().nextLong());
    var random = new Random(seed);
    grid.leave.release();
    grid.failEvery = 7;
    var there = new HashMap<ChannelKey, Map<String, Integer>>();
    for (int i = 0; i < 20_000; i++) {
      var key = new ChannelKey("acme", "room." + random.nextInt(5));
      String connection = "c" + random.nextInt(50);
      Map<String, Integer> room = there.computeIfAbsent(key, _ -> new HashMap<>());
      int times = room.getOrDefault(connection, 0);
      if (times > 0 && random.nextBoolean()) {
        presences.leave(key, connection);
        room.put(connection, times - 1);
      } else if (times < 2) {
        presences.join(key, connection, "u");
        room.put(connection, times + 1);
      }
    }
    grid.failEvery = 0;
    Eventually.eventually(
        "all is known, seed " + seed,
        () -> {
          clock.advance(Duration.ofSeconds(10));
          presences.renewIfDue();
          return there.entrySet().stream()
              .allMatch(each -> grid.room(each.getKey()).keySet().equals(present(each.getValue())));
        });
  }

  private static Set<String> present(Map<String, Integer> room) {
    var present = new HashMap<>(room);
    present.values().removeIf(times -> times == 0);
    return present.keySet();
  }
}
