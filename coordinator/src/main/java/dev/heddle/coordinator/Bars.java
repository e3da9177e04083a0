package dev.heddle.coordinator;

import dev.heddle.coordinator.gather.Gather;
import dev.heddle.function.Bound;

/**
 * What a query's best have in common by now: a bound that the function proves from what was merged
 * ({@code ScatterFunction.bound}), or that others of the query's tree did. It only rises; calls
 * under way are told, so that their shards leave out what cannot compete, and a part's coordinator
 * tells whoever handed the part out. Calls that answer soon hear nothing, and the others ever more
 * seldom: so a call is told some times in all, however long it runs and however many others answer.
 * Owned by the query's thread.
 */
final class Bars {
  /** Beyond it, the interval is doubled no more. */
  private static final int MOST_DOUBLINGS = 20;

  private final SharedState shared;
  private final Gather gather;
  private final CourseCalls calls;
  private final QueryCourse.Door door;
  private final long intervalNanos;
  private Bound bar = Bound.NONE;

  /** What others of the tree know of this course's own bar. */
  private Bound toldCaller = Bound.NONE;

  private int callerTellings;
  private long tellCallerAtNanos;
  private Bound own = Bound.NONE;

  Bars(SharedState shared, Gather gather, CourseCalls calls, QueryCourse.Door door) {
    this.shared = shared;
    this.gather = gather;
    this.calls = calls;
    this.door = door;
    this.intervalNanos = gather.bounds() ? shared.config().scatter().barInterval().toNanos() : 0;
    this.tellCallerAtNanos = shared.ticker().nanoTime() + intervalNanos;
  }

  /** Whether calls are told anything. */
  boolean active() {
    return intervalNanos > 0;
  }

  /** What was merged is more now. */
  void grew(long now) {
    if (!active() || !calls.underWay()) {
      return;
    }
    own = gather.bound();
    raise(own);
    tell(now);
  }

  /** Others found as much. */
  void heard(Bound others, boolean fromAbove, long now) {
    if (fromAbove) {
      gather.outdone(others);
      toldCaller = toldCaller.raised(others);
    }
    // What is said below may never come: then what was left out for it has to be asked for again.
    if (active() && (fromAbove || gather.keepsAtoms())) {
      raise(others);
      tell(now);
    }
  }

  private void raise(Bound higher) {
    if (higher.compareTo(bar) > 0) {
      bar = higher;
      calls.bar(bar);
    }
  }

  /** When {@link #tell} is due; {@code otherwise} where it is not. */
  long wakeNanos(long otherwise) {
    long wake = otherwise;
    if (!bar.equals(Bound.NONE)) {
      for (var attempt : calls.attempts()) {
        if (attempt.tellAtNanos - wake < 0 && calls.mayBeTold(attempt, bar)) {
          wake = attempt.tellAtNanos;
        }
      }
      if (own.compareTo(toldCaller) > 0 && door.hasCaller() && tellCallerAtNanos - wake < 0) {
        wake = tellCallerAtNanos;
      }
    }
    return wake;
  }

  /** Tells those who are to be told by now. */
  void tell(long now) {
    if (bar.equals(Bound.NONE)) {
      return;
    }
    for (var attempt : calls.attempts()) {
      if (attempt.tellAtNanos - now <= 0 && calls.mayBeTold(attempt, bar)) {
        attempt.told = bar;
        attempt.tellAtNanos = now + later(attempt.tellings++);
        shared.barsTold().increment();
        door.tell(attempt, bar);
      }
    }
    if (own.compareTo(toldCaller) > 0 && door.hasCaller() && tellCallerAtNanos - now <= 0) {
      toldCaller = own;
      tellCallerAtNanos = now + later(callerTellings++);
      shared.barsTold().increment();
      door.tellCaller(own);
    }
  }

  private long later(int tellings) {
    return intervalNanos << Math.min(MOST_DOUBLINGS, tellings + 1);
  }
}
