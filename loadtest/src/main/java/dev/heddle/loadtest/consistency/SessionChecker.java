package dev.heddle.loadtest.consistency;

import static java.util.Comparator.comparingLong;

import dev.heddle.loadtest.consistency.SessionEvent.Kind;
import dev.heddle.loadtest.consistency.SessionViolation.Guarantee;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks that sessions read their own writes and never go back: a read returns no older version of
 * a key than what the session had written or read of it, and nothing only where somebody's delete
 * came later. Stateless.
 */
public final class SessionChecker {
  private SessionChecker() {}

  /**
   * What a session knows of a key.
   *
   * @param event from which it knows
   * @param least version that a later read may show
   * @param mayBeGone whether a later read may show nothing without another delete
   */
  private record Known(SessionEvent event, long least, boolean mayBeGone) {}

  /** All violations, in the order of the sessions' names. */
  public static List<SessionViolation> check(List<SessionEvent> events) {
    var deletes = new HashMap<String, List<SessionEvent>>();
    var sessions = new TreeMap<String, List<SessionEvent>>();
    for (var event : events) {
      if (event.kind() == Kind.DELETED || event.kind() == Kind.DELETES_IN_DOUBT) {
        deletes.computeIfAbsent(event.key(), key -> new ArrayList<>()).add(event);
      }
      sessions.computeIfAbsent(event.session(), session -> new ArrayList<>()).add(event);
    }
    var violations = new ArrayList<SessionViolation>();
    for (var own : sessions.values()) {
      own.sort(comparingLong(SessionEvent::invoked));
      checkSession(own, deletes, violations);
    }
    return List.copyOf(violations);
  }

  private static void checkSession(
      List<SessionEvent> own,
      Map<String, List<SessionEvent>> deletes,
      List<SessionViolation> violations) {
    var knowledge = new HashMap<String, Known>();
    long last = Long.MIN_VALUE;
    for (var event : own) {
      if (event.invoked() < last) {
        throw new IllegalArgumentException(
            event + " before the answer to the call before (expected: one call at a time)");
      }
      last = event.returned();
      var before = knowledge.get(event.key());
      var others = deletes.getOrDefault(event.key(), List.of());
      if (before != null && event.kind() == Kind.READ && !fits(before, event, others)) {
        violations.add(new SessionViolation(guarantee(before.event), before.event, event));
        continue;
      }
      var after = after(before, event);
      if (after != null) {
        knowledge.put(event.key(), after);
      }
    }
  }

  private static Guarantee guarantee(SessionEvent earlier) {
    return switch (earlier.kind()) {
      case WROTE, DELETED, DELETES_IN_DOUBT -> Guarantee.READ_YOUR_WRITES;
      case READ, READ_ANY -> Guarantee.MONOTONIC_READS;
    };
  }

  private static boolean fits(Known known, SessionEvent read, List<SessionEvent> deletes) {
    if (read.version() > 0) {
      return read.version() >= known.least;
    }
    return known.mayBeGone
        || deletes.stream()
            .anyMatch(delete ->
                delete.invoked() <= read.returned()
                    && (delete.version() == 0 || delete.version() >= known.least));
  }

  /** Null where the event says nothing about the key. */
  private static @Nullable Known after(@Nullable Known before, SessionEvent event) {
    long least = before == null ? 0 : before.least;
    return switch (event.kind()) {
      case WROTE -> event.version() >= least ? new Known(event, event.version(), false) : before;
      // Something that comes later has a greater version.
      case DELETED -> new Known(event, Math.max(least, event.version()) + 1, true);
      case DELETES_IN_DOUBT -> before;
      case READ -> event.version() == 0 ? afterNothing(before, event) : afterRead(before, event);
      // A replica that is behind may not have the key yet.
      case READ_ANY -> event.version() == 0 ? before : afterRead(before, event);
    };
  }

  private static @Nullable Known afterNothing(@Nullable Known before, SessionEvent read) {
    return before == null || before.mayBeGone ? before : new Known(read, before.least + 1, true);
  }

  private static @Nullable Known afterRead(@Nullable Known before, SessionEvent read) {
    return before == null || read.version() >= before.least
        ? new Known(read, read.version(), false)
        : before;
  }
}
