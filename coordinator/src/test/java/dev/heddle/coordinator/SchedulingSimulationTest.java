package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.InvokerChoice.Wanted;
import dev.heddle.coordinator.InvokerTable.Report;
import dev.heddle.coordinator.InvokerTable.Version;
import dev.heddle.coordinator.plan.HashScheduling;
import dev.heddle.coordinator.plan.LeastLoadedScheduling;
import dev.heddle.coordinator.plan.LocalityScheduling;
import dev.heddle.coordinator.plan.RoundRobinScheduling;
import dev.heddle.coordinator.plan.SchedulingPolicy;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The policies over the same calls, on a manual clock: eight leaves with four places and some
 * sandboxes each, functions of which a few are popular, sessions, and tidings that are up to 100 ms
 * old. Each run is of one seed.
 */
class SchedulingSimulationTest {
  private static final int LEAVES = 8;
  private static final int PLACES = 4;
  private static final int SANDBOXES = 24;
  private static final int MANY_FUNCTIONS = 60;
  private static final int FEW_FUNCTIONS = 6;
  private static final int SESSIONS = 300;
  private static final int CALLS = 20_000;
  private static final long MILLI = 1_000_000;
  private static final long TOLD_EVERY = 100 * MILLI;
  private static final long WORK = 10 * MILLI;

  /** Of what the leaves could do with mostly warm sandboxes. */
  private static final double LOAD = 0.7;

  /** A sandbox is made. */
  private static final long COLD = 40 * MILLI;

  /** What a session needs is fetched. */
  private static final long STRANGE = 5 * MILLI;

  /** What came of a run. */
  private record Outcome(double warm, double home, int queueP99, double millisP50, double p99) {}

  private record Call(int function, int session, long arrived) {}

  /** One leaf. */
  private final class Leaf {
    final NodeRecord node;
    final ArrayDeque<Call> queue = new ArrayDeque<>();
    final Map<Call, InvokerTable.Sent> sent = new HashMap<>();

    /** Idle sandboxes by function, the one used longest ago first. */
    final LinkedHashMap<Integer, Integer> idle = new LinkedHashMap<>(16, 0.75f, true);

    final LinkedHashMap<Integer, Boolean> sessions = new LinkedHashMap<>(16, 0.75f, true);
    int running;

    Leaf(int number) {
      node =
          new NodeRecord(
              "leaf-" + number, "run", Set.of("leaf"), "127.0.0.1:" + (number + 1), "", "", "");
    }

    void tell() {
      Map<Version, Integer> warm = new HashMap<>();
      idle.forEach((function, count) -> warm.put(version(function), count));
      table.told(node.node(), new Report(warm, running + queue.size(), queue.size()));
    }

    void take(Call call) {
      sent.put(call, table.sent(node.node()));
      queueLengths.add(queue.size());
      queue.add(call);
      start();
    }

    void start() {
      while (running < PLACES && !queue.isEmpty()) {
        var call = queue.poll();
        running++;
        long takes = (long) (-Math.log(1 - random.nextDouble()) * WORK);
        if (idle.getOrDefault(call.function(), 0) > 0) {
          idle.merge(call.function(), -1, Integer::sum);
          warm++;
        } else {
          takes += COLD;
        }
        if (call.session() >= 0) {
          withSession++;
          if (sessions.putIfAbsent(call.session(), true) == null) {
            takes += STRANGE;
          } else {
            home++;
          }
          if (sessions.size() > 2 * SESSIONS / LEAVES) {
            sessions.pollFirstEntry();
          }
        }
        at(takes, () -> end(call));
      }
    }

    void end(Call call) {
      running--;
      idle.merge(call.function(), 1, Integer::sum);
      int all = idle.values().stream().mapToInt(count -> count).sum();
      if (all > SANDBOXES) {
        // The one used longest ago goes, as in a leaf.
        var oldest = idle.entrySet().iterator().next();
        if (oldest.getValue() > 1) {
          oldest.setValue(oldest.getValue() - 1);
        } else {
          idle.remove(oldest.getKey());
        }
      }
      var handle = sent.remove(call);
      if (handle != null) {
        handle.close();
      }
      millis.add((ticker.nanoTime() - call.arrived()) / 1e6);
      start();
    }
  }

  private record Event(long at, long number, Runnable what) {}

  private final ManualTicker ticker = new ManualTicker();
  private final long origin = ticker.nanoTime();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>((one, other) ->
          one.at() == other.at()
              ? Long.compare(one.number(), other.number())
              : Long.compare(one.at(), other.at()));
  private InvokerTable table = new InvokerTable();
  private Random random = new Random(0);
  private List<Integer> queueLengths = new ArrayList<>();
  private List<Double> millis = new ArrayList<>();
  private long numbers;
  private int warm;
  private int home;
  private int withSession;

  private static Version version(int function) {
    return new Version("default", "v" + function);
  }

  private long now() {
    return ticker.nanoTime() - origin;
  }

  private void at(long delay, Runnable what) {
    events.add(new Event(now() + delay, numbers++, what));
  }

  private Outcome run(String name, SchedulingPolicy policy, int functions, long seed) {
    table = new InvokerTable();
    random = new Random(seed);
    queueLengths = new ArrayList<>();
    millis = new ArrayList<>();
    warm = 0;
    home = 0;
    withSession = 0;
    var choice = new InvokerChoice(name, policy, table, () -> random);
    List<Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < LEAVES; i++) {
      leaves.add(new Leaf(i));
    }
    var nodes = leaves.stream().map(leaf -> leaf.node).toList();
    double perNano = LOAD * LEAVES * PLACES / (WORK + 0.2 * COLD);
    long arrival = 0;
    for (int i = 0; i < CALLS; i++) {
      arrival += (long) (-Math.log(1 - random.nextDouble()) / perNano);
      // Popular ones are called more often: of two drawn, the first.
      int function = Math.min(random.nextInt(functions), random.nextInt(functions));
      int session = random.nextInt(5) < 2 ? random.nextInt(SESSIONS) : -1;
      at(
          arrival,
          () -> {
            var wanted =
                new Wanted(version(function), session < 0 ? "" : "s" + session, false, Set.of());
            var chosen = choice.choose(nodes, wanted).leaf();
            leaves.get(nodes.indexOf(chosen)).take(new Call(function, session, ticker.nanoTime()));
          });
    }
    long end = arrival;
    for (long told = 0; told < end; told += TOLD_EVERY) {
      at(told, () -> leaves.forEach(Leaf::tell));
    }
    while (!events.isEmpty()) {
      var event = events.poll();
      ticker.advance(Duration.ofNanos(event.at() - now()));
      event.what().run();
    }
    Collections.sort(queueLengths);
    Collections.sort(millis);
    return new Outcome(
        (double) warm / CALLS,
        (double) home / withSession,
        queueLengths.get(queueLengths.size() * 99 / 100),
        millis.get(millis.size() / 2),
        millis.get(millis.size() * 99 / 100));
  }

  @Test
  void localityFindsWarmSandboxesWithoutLongQueues() {
    for (int seed = 0; seed < 3; seed++) {
      var locality = run("locality", new LocalityScheduling(), MANY_FUNCTIONS, seed);
      var hash = run("hash", new HashScheduling(), MANY_FUNCTIONS, seed);
      var robin = run("round-robin", new RoundRobinScheduling(), MANY_FUNCTIONS, seed);
      var least = run("least-loaded", new LeastLoadedScheduling(), MANY_FUNCTIONS, seed);
      String all =
          "locality %s, hash %s, round-robin %s, least-loaded %s"
              .formatted(locality, hash, robin, least);
      assertTrue(locality.warm() > robin.warm() + 0.1, all);
      assertTrue(locality.warm() > least.warm() + 0.1, all);
      assertTrue(locality.queueP99() < hash.queueP99() / 2.0, all);
      assertTrue(locality.p99() < hash.p99(), all);
      assertTrue(locality.p99() < robin.p99(), all);
    }
  }

  /** Where all leaves have the code, the session decides; where not, the code, which is dearer. */
  @Test
  void sessionsStayTogetherWhereAllLeavesHaveTheCode() {
    for (int seed = 0; seed < 3; seed++) {
      var locality = run("locality", new LocalityScheduling(), FEW_FUNCTIONS, seed);
      var hash = run("hash", new HashScheduling(), FEW_FUNCTIONS, seed);
      var least = run("least-loaded", new LeastLoadedScheduling(), FEW_FUNCTIONS, seed);
      String all = "locality %s, hash %s, least-loaded %s".formatted(locality, hash, least);
      assertTrue(locality.home() > least.home() + 0.2, all);
      assertTrue(locality.warm() > 0.9, all);
      assertTrue(locality.queueP99() < hash.queueP99(), all);
    }
  }
}
