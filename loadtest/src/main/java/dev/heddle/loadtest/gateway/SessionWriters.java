package dev.heddle.loadtest.gateway;

import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Lanes that write attributes of the same sessions through different gateways at once, and an audit
 * that finds each write that was lost. All are compare-and-set: a lane counts on in an attribute of
 * its own, which must have what it wrote there last, and each tenth time in one that it shares with
 * all lanes of the session, which another lane may have changed meanwhile: then it reads and tries
 * again.
 */
final class SessionWriters {
  private static final int SHARED_EACH = 10;
  private static final int MOST_FAILURES = 10;
  private static final String SHARED = "shared";

  private final List<Attributes> gateways;
  private final List<String> sessions;
  private final int lanes;
  private final LongAdder written = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final AtomicLong lost = new AtomicLong();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final Map<String, LongAdder> shared = new ConcurrentHashMap<>();
  private final Map<Integer, Long> own = new ConcurrentHashMap<>();

  /**
   * @param gateways that lanes lead to, in turns
   * @param sessions that they write to, in turns
   */
  SessionWriters(List<Attributes> gateways, List<String> sessions, int lanes) {
    this.gateways = List.copyOf(gateways);
    this.sessions = List.copyOf(sessions);
    this.lanes = lanes;
    sessions.forEach(each -> shared.put(each, new LongAdder()));
  }

  /** Writes so often in all, and returns when everything was acknowledged, or has failed. */
  void write(long writes) {
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < lanes; i++) {
      int lane = i;
      long mine = writes / lanes + (lane < writes % lanes ? 1 : 0);
      threads.add(Threads.virtual("session-writer").newThread(() -> lane(lane, mine)));
    }
    threads.forEach(Thread::start);
    Joining.all(threads);
  }

  /** The gateway of a lane changes with each lane, its session with each round of gateways. */
  private String session(int lane) {
    return sessions.get(lane / gateways.size() % sessions.size());
  }

  private void lane(int lane, long writes) {
    var gateway = gateways.get(lane % gateways.size());
    var session = session(lane);
    long count = 0;
    try {
      for (long i = 1; i <= writes; i++) {
        if (i % SHARED_EACH == 0) {
          countOn(gateway, session);
        } else {
          var expected = count == 0 ? Optional.<String>empty() : Optional.of(Long.toString(count));
          if (!gateway.change(session, name(lane), expected, Long.toString(count + 1))) {
            lost.incrementAndGet();
            fail("lane %d: %s is gone from its attribute".formatted(lane, expected.orElse("none")));
            break;
          }
          count++;
        }
        written.increment();
      }
    } catch (HeddleException e) {
      fail("lane " + lane + ": " + e.getMessage());
    }
    own.put(lane, count);
  }

  private void countOn(Attributes gateway, String session) {
    while (true) {
      var had = Optional.ofNullable(gateway.get(session, SHARED).get(SHARED));
      long next = had.map(Long::parseLong).orElse(0L) + 1;
      if (gateway.change(session, SHARED, had, Long.toString(next))) {
        shared.getOrDefault(session, new LongAdder()).increment();
        return;
      }
      refused.increment();
    }
  }

  private static String name(int lane) {
    return "lane" + lane;
  }

  private void fail(String why) {
    if (failures.size() < MOST_FAILURES) {
      failures.add(why);
    }
  }

  /** Compares what every gateway has with what was acknowledged; adds up the difference. */
  void audit() {
    for (var gateway : gateways) {
      var all = new HashMap<String, Map<String, String>>();
      for (var session : sessions) {
        var attributes = gateway.get(session);
        all.put(session, attributes);
        long expected = shared.getOrDefault(session, new LongAdder()).sum();
        compare(gateway + ", " + SHARED, attributes.get(SHARED), expected);
      }
      own.forEach((lane, count) -> {
        var attributes = all.getOrDefault(session(lane), Map.of());
        compare(gateway + ", lane " + lane, attributes.get(name(lane)), count);
      });
    }
  }

  private void compare(String what, @Nullable String has, long expected) {
    long got = has == null ? 0 : Long.parseLong(has);
    if (got != expected) {
      lost.addAndGet(Math.abs(expected - got));
      fail("%s: %d (expected: %d)".formatted(what, got, expected));
    }
  }

  /** Writes that were acknowledged. */
  long written() {
    return written.sum();
  }

  /** Compare-and-sets of shared attributes that came too late, and were tried again. */
  long refused() {
    return refused.sum();
  }

  long lost() {
    return lost.get();
  }

  /** What was wrong; empty: nothing. */
  List<String> failures() {
    return List.copyOf(failures);
  }
}
