package dev.heddle.shard;

import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.ReplicatedGroup;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How current a replica is. A follower that has just been opened, or has a new leader, has not been
 * told how much of the log counts, and seems to have all of it: nothing is concluded before the
 * leader was asked. Safe for any thread; blocks none.
 */
final class Currency {
  /** Age of what nobody can tell the age of, and a silence that says nothing. */
  static final Duration UNKNOWN = Duration.ofDays(1);

  /** The leader is asked again no sooner. */
  private static final long ASK_EVERY_NANOS = 100_000_000L;

  private static final long NO_TERM = -1;

  private final AtomicBoolean asking = new AtomicBoolean();
  private volatile long askedAtNanos;
  private volatile boolean asked;

  /** Whether the replica has come up to its group since it was opened or began to fetch a state. */
  private volatile boolean caughtUp;

  /** The term in which a leader confirmed that. */
  private volatile long confirmedTerm = NO_TERM;

  /** When searches saw everything last that the group had acknowledged, by the ticker. */
  private volatile long currentAtNanos;

  /** Whether they ever did. */
  private volatile boolean dated;

  /** Counts what makes an answer that is still on its way worthless. */
  private final AtomicLong epoch = new AtomicLong();

  /**
   * Notes how current searches are; asks the leader where that is not known.
   *
   * @param visible index of the last entry that searches see
   * @param now by the ticker
   */
  void observe(GroupStatus status, ReplicatedGroup group, long visible, long now) {
    if (status.leading()) {
      caughtUp = true;
      confirmedTerm = status.term();
    } else if (status.leader().isEmpty() || status.silence().compareTo(UNKNOWN) >= 0) {
      return;
    } else if (confirmedTerm != status.term()) {
      ask(status.term(), group, now);
      return;
    }
    if (visible >= Math.max(status.committed(), 0)) {
      currentAtNanos = now - status.silence().toNanos();
      dated = true;
    }
  }

  private void ask(long term, ReplicatedGroup group, long now) {
    if ((asked && now - askedAtNanos < ASK_EVERY_NANOS) || !asking.compareAndSet(false, true)) {
      return;
    }
    askedAtNanos = now;
    asked = true;
    long began = epoch.get();
    var _ =
        group
            .barrier()
            .whenComplete((index, failure) -> {
              asking.set(false);
              if (failure == null && epoch.get() == began) {
                caughtUp = true;
                confirmedTerm = term;
              }
            });
  }

  /** The replica lacks so much that it fetches a state: all has to be confirmed again. */
  void forget() {
    epoch.incrementAndGet();
    caughtUp = false;
    confirmedTerm = NO_TERM;
  }

  boolean caughtUp() {
    return caughtUp;
  }

  /** How old what searches see may be. */
  long stalenessNanos(long now) {
    return dated ? Math.max(0, now - currentAtNanos) : UNKNOWN.toNanos();
  }
}
