package dev.heddle.coordinator.admission;

import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import org.jspecify.annotations.Nullable;

/** A request at a {@link FairQueue}. Guarded by the queue's owner. */
final class Ticket {
  /** Where it is. */
  enum State {
    /** It waits for a place until {@link Ticket#giveUpNanos}. */
    WAITING,
    /** It has a place. */
    ADMITTED,
    /** It had waited too long, or others were to wait in its stead. */
    REFUSED,
    /** It has given its place back, or went away while it waited. */
    GONE
  }

  final Tenant tenant;
  final Priority priority;
  final long arrivedNanos;
  final long giveUpNanos;
  State state = State.WAITING;

  /** When it got its place. */
  long admittedNanos;

  /** Places taken when it got its own, that one included. */
  int inFlight;

  /** Places that there were then. */
  int places;

  /** Who is told of its end, set by that thread; null: it did not have to wait. */
  @Nullable Thread waiter;

  /** Why, once it is refused. */
  @Nullable HeddleException refusal;

  Ticket(Tenant tenant, Priority priority, long arrivedNanos, long giveUpNanos) {
    this.tenant = tenant;
    this.priority = priority;
    this.arrivedNanos = arrivedNanos;
    this.giveUpNanos = giveUpNanos;
  }

  /** How long it waited for its place. */
  long waitedNanos() {
    return admittedNanos - arrivedNanos;
  }
}
