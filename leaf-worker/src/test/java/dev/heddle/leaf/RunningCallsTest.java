package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Bound;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Calls that come and go, and bars for them in any order: late, twice, and after the end. */
class RunningCallsTest {
  private static final int RUNS = 5_000;
  private static final int STEPS = 60;

  /** A call, and the strongest that it was told while it was there. */
  private record Known(RunningCalls.Entry entry, Bound strongest) {}

  @Test
  void aBarOnlyRisesAndOnlyForTheCallThatItNames() {
    for (int seed = 0; seed < RUNS; seed++) {
      var random = new Random(seed);
      var calls = new RunningCalls();
      Map<Integer, Known> known = new HashMap<>();
      List<RunningCalls.Entry> gone = new ArrayList<>();
      for (int step = 0; step < STEPS; step++) {
        int number = 1 + random.nextInt(4);
        var attempt = new Settlements.Attempt("q", "", number);
        var bar = bar(random);
        var one = known.get(number);
        switch (random.nextInt(8)) {
          case 0 -> {
            // The same call again, as if it had been sent twice: the later one is the one.
            if (one != null) {
              gone.add(one.entry());
            }
            known.put(number, new Known(calls.enter("default", attempt, bar), bar));
          }
          case 1 -> {
            if (one != null) {
              one.entry().close();
              known.remove(number);
            }
          }
          case 2 -> {
            if (!gone.isEmpty()) {
              gone.removeLast().close();
            }
          }
          case 3 -> calls.raise("other", attempt, bar);
          default -> {
            calls.raise("default", attempt, bar);
            if (one != null) {
              known.put(number, new Known(one.entry(), one.strongest().raised(bar)));
            }
          }
        }
        for (var each : known.values()) {
          assertEquals(each.strongest(), each.entry().bar().now(), "seed " + seed);
        }
        assertEquals(known.size(), calls.size(), "seed " + seed);
      }
      known.values().forEach(each -> each.entry().close());
      gone.forEach(RunningCalls.Entry::close);
      assertEquals(0, calls.size(), "seed " + seed);
    }
  }

  private static Bound bar(Random random) {
    return switch (random.nextInt(12)) {
      case 0 -> new Bound(Double.POSITIVE_INFINITY);
      case 1 -> Bound.NONE;
      case 2 -> new Bound(-0.0);
      default -> new Bound(random.nextInt(20) - 5);
    };
  }

  @Test
  void manyThreadsMayTellAndNobodySeesABarFall() throws InterruptedException {
    var calls = new RunningCalls();
    var attempt = new Settlements.Attempt("q", "", 1);
    try (var entry = calls.enter("default", attempt, Bound.NONE)) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int from = i;
        threads.add(
            Thread.startVirtualThread(() -> {
              for (int bar = from; bar < 20_000; bar += 4) {
                calls.raise("default", attempt, new Bound(bar));
                calls.raise("default", attempt, new Bound(bar - 3));
              }
            }));
      }
      var seen = Bound.NONE;
      while (threads.stream().anyMatch(Thread::isAlive)) {
        var now = entry.bar().now();
        assertTrue(now.compareTo(seen) >= 0, seen + " then " + now);
        seen = now;
      }
      for (var thread : threads) {
        thread.join();
      }
      assertEquals(new Bound(19_999), entry.bar().now());
    }
    assertEquals(0, calls.size());
  }
}
