package dev.heddle.coordinator.admission;

import dev.heddle.coordinator.admission.FairQueue.Kind;
import dev.heddle.coordinator.admission.FairQueue.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * The door that requests come in by: each holds one of a number of places until its answer, and
 * waits a short while for it where none is free, as a {@link FairQueue} says. Safe for many
 * threads; a request waits on its own.
 */
public final class FairAdmission {
  /** How often a request that waits looks whether its caller went away. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final String what;
  private final Ticker ticker;
  private final MeterRegistry registry;
  private final String name;
  private final Timer waits;
  private final AdmissionMeters meters;
  private final ReentrantLock lock = new ReentrantLock();

  /** Used with the {@link #lock} held only. */
  private final FairQueue queue;

  private FairAdmission(
      Kind kind,
      String name,
      AdmissionConfig config,
      ConcurrencyLimit limit,
      Ticker ticker,
      MeterRegistry registry) {
    this.what = kind.what();
    this.name = name;
    this.ticker = ticker;
    this.registry = registry;
    this.queue =
        new FairQueue(kind, config, limit, ticker, ticket -> LockSupport.unpark(ticket.waiter));
    this.waits = registry.timer("heddle_coordinator_admission_wait_seconds", "door", name);
    this.meters = new AdmissionMeters(registry, name, config.tenants().keySet());
    gauge("heddle_coordinator_admission_places", FairQueue::places);
    gauge("heddle_coordinator_admission_waiting", FairQueue::waiting);
    gauge("heddle_coordinator_admission_in_flight", FairQueue::inFlight);
  }

  private void gauge(String meter, ToDoubleFunction<FairQueue> figure) {
    Gauge.builder(meter, this, door -> door.figure(figure)).tag("door", name).register(registry);
  }

  private double figure(ToDoubleFunction<FairQueue> figure) {
    lock.lock();
    try {
      return figure.applyAsDouble(queue);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Of queries: their number follows what they take.
   *
   * @param most of them in flight, whatever they take
   */
  public static FairAdmission ofQueries(
      AdmissionConfig config, int most, Ticker ticker, MeterRegistry registry) {
    var limit = ConcurrencyLimit.of(config, most);
    return new FairAdmission(Kind.queries(config), "queries", config, limit, ticker, registry);
  }

  /**
   * Of invocations from outside, which take as long as their functions like: their number is fixed,
   * and they wait at leaves.
   */
  public static FairAdmission ofInvocations(
      AdmissionConfig config, int places, Ticker ticker, MeterRegistry registry) {
    var limit = ConcurrencyLimit.fixed(places);
    return new FairAdmission(
        Kind.invocations("invocations"), "invocations", config, limit, ticker, registry);
  }

  /** Of calls within calls: as invocations, and without quotas. */
  public static FairAdmission ofNested(
      AdmissionConfig config, int places, Ticker ticker, MeterRegistry registry) {
    var limit = ConcurrencyLimit.fixed(places);
    return new FairAdmission(
        Kind.nested("nested invocations"), "nested", config, limit, ticker, registry);
  }

  /**
   * Lets a request in, after a wait if it has to.
   *
   * @param deadlineNanos of the request, by the ticker
   * @param cancelled whether the caller went away
   * @throws HeddleException OVERLOADED with a hint when to come again, CANCELLED
   * @throws InterruptedException while it waited
   */
  public Place admit(RequestContext request, long deadlineNanos, BooleanSupplier cancelled)
      throws InterruptedException {
    var priority = request.priority();
    Ticket ticket;
    try {
      ticket = offer(request.tenant(), priority, deadlineNanos);
      if (ticket.waiter != null) {
        await(ticket, cancelled);
      }
      if (ticket.refusal != null) {
        throw ticket.refusal;
      }
    } catch (HeddleException e) {
      if (e.code().kind() == ErrorCode.Kind.CAPACITY) {
        meters.count(AdmissionMeters.Outcome.REFUSED, request.tenant(), priority);
      }
      throw e;
    }
    waits.record(ticket.waitedNanos(), TimeUnit.NANOSECONDS);
    meters.count(AdmissionMeters.Outcome.ADMITTED, request.tenant(), priority);
    return new Place(ticket);
  }

  /** As {@link #admit}, of a door where none waits. */
  public Place admitNow(RequestContext request, long deadlineNanos) {
    try {
      return admit(request, deadlineNanos, () -> false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, what + ": interrupted", e);
    }
  }

  private Ticket offer(String tenant, Priority priority, long deadlineNanos) {
    lock.lock();
    try {
      var ticket = queue.offer(tenant, priority, deadlineNanos);
      if (ticket.state == Ticket.State.WAITING) {
        ticket.waiter = Thread.currentThread();
      }
      return ticket;
    } finally {
      lock.unlock();
    }
  }

  /** Until it is admitted, refused or gone. */
  private void await(Ticket ticket, BooleanSupplier cancelled) throws InterruptedException {
    boolean decided = false;
    try {
      while (!decided) {
        if (Thread.interrupted()) {
          throw new InterruptedException(what + ": interrupted while it waited for a place");
        }
        if (cancelled.getAsBoolean()) {
          throw new HeddleException(ErrorCode.CANCELLED, what + ": the caller went away");
        }
        LockSupport.parkNanos(this, Math.min(left(ticket), LOOK_NANOS));
        decided = decided(ticket);
      }
    } finally {
      if (!decided) {
        // It may have got a place meanwhile: that is given back, too.
        withdraw(ticket);
      }
    }
  }

  private long left(Ticket ticket) {
    return ticket.giveUpNanos - ticker.nanoTime();
  }

  private boolean decided(Ticket ticket) {
    lock.lock();
    try {
      if (left(ticket) < 0) {
        queue.expire(ticket);
      }
      return ticket.state != Ticket.State.WAITING;
    } finally {
      lock.unlock();
    }
  }

  private void withdraw(Ticket ticket) {
    lock.lock();
    try {
      queue.withdraw(ticket);
    } finally {
      lock.unlock();
    }
  }

  /** Requests in flight. */
  public int inFlight() {
    return (int) figure(FairQueue::inFlight);
  }

  /** A place taken; closing gives it back, and only the first time counts. Of one thread. */
  public final class Place implements AutoCloseable {
    private final Ticket ticket;
    private Outcome outcome = Outcome.IGNORED;

    private Place(Ticket ticket) {
      this.ticket = ticket;
    }

    /**
     * The request had its answer, so its time says what requests take at present.
     *
     * @param late whether the answer was cut off by the deadline, or some leaf had no room
     */
    public void served(boolean late) {
      outcome = late ? Outcome.DROPPED : Outcome.SERVED;
    }

    public Priority priority() {
      return ticket.priority;
    }

    /** How long the request waited for it. */
    public long waitedNanos() {
      return ticket.waitedNanos();
    }

    /** Requests in flight when it was taken, this one included. */
    public int inFlight() {
      return ticket.inFlight;
    }

    /** Places that there were then. */
    public int places() {
      return ticket.places;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        queue.done(ticket, outcome);
      } finally {
        lock.unlock();
      }
    }
  }
}
