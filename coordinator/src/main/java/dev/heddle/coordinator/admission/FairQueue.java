package dev.heddle.coordinator.admission;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Who gets a place next, who waits and who is refused: a state machine without threads. What it
 * lets in, refuses or lets go of shows in the tickets.
 *
 * <p>A free place goes to the tenant with the fewest places for its weight (max-min fairness), and
 * while there are several tenants none has more than a share of all places, so that another one
 * finds room at once. A tenant that floods waits behind itself. Where the queue is full, what waits
 * in vain is what the tenant with the longest queue for its weight has most of (as in FQ-CoDel, RFC
 * 8290). Beyond a number of tenants, those that are too many count as one ({@link Tenants}).
 *
 * <p>In a short overload requests wait in order. Where a tenant has had requests waiting for longer
 * than a request may wait, the queue would only make all of them late: then the newest is next, and
 * none waits longer than a few turns (adaptive LIFO and CoDel as in Maurer, "Fail at Scale", ACM
 * Queue 13(8), 2015; RFC 8289). No place stays free for that.
 *
 * <p>A request that has to wait is refused at once if by then there would be less left of its time
 * than requests take, or than half of it, where that is less: answers by a soft deadline are worth
 * less the less time they had.
 *
 * <p>Guarded by its owner.
 */
final class FairQueue {
  /** Turns that a request waits for in a lasting overload. */
  private static final int PATIENCE_TURNS = 4;

  /** Where requests take long, one may wait this many times as long as configured. */
  private static final int LONGEST_WAITS = 10;

  private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);
  private static final double SMOOTHING = 1.0 / 32;

  /**
   * What is let in.
   *
   * @param what it is, in the plural, for messages
   * @param queue that may wait
   * @param most of a tenant in flight; 0: any number
   * @param rate of a tenant, a second; 0: any
   */
  record Kind(
      String what, int queue, ToIntFunction<TenantQuota> most, ToDoubleFunction<TenantQuota> rate) {
    static Kind queries(AdmissionConfig config) {
      return new Kind("queries", config.queue(), TenantQuota::queries, TenantQuota::queryRate);
    }

    /** Leaves have queues for them: here none waits. */
    static Kind invocations(String what) {
      return new Kind(what, 0, TenantQuota::invocations, TenantQuota::invocationRate);
    }

    /** Calls within calls: those above them have been counted. */
    static Kind nested(String what) {
      return new Kind(what, 0, quota -> 0, quota -> 0);
    }
  }

  private final Kind kind;
  private final AdmissionConfig config;
  private final ConcurrencyLimit limit;
  private final Ticker ticker;
  private final long origin;
  private final Consumer<Ticket> decided;
  private final Tenants tenants;

  /** Those that have something waiting. */
  private final Set<Tenant> queued = new LinkedHashSet<>();

  private int inFlight;
  private int waiting;
  private long admissions;
  private double serviceNanos;

  /**
   * @param decided told of tickets that waited and are admitted or refused now
   */
  FairQueue(
      Kind kind,
      AdmissionConfig config,
      ConcurrencyLimit limit,
      Ticker ticker,
      Consumer<Ticket> decided) {
    this.decided = decided;
    this.kind = kind;
    this.config = config;
    this.limit = limit;
    this.ticker = ticker;
    this.origin = ticker.nanoTime();
    this.tenants = new Tenants(kind, config, origin);
  }

  /**
   * A request comes.
   *
   * @param deadlineNanos by the ticker
   * @return admitted or waiting
   * @throws HeddleException OVERLOADED with a hint when to come again
   */
  Ticket offer(String tenantName, Priority priority, long deadlineNanos) {
    long now = ticker.nanoTime();
    if (tenants.sweep(now)) {
      // Places that another tenant left are first for those who wait.
      pump(now);
    }
    var tenant = tenants.comes(tenantName, now);
    if (deadlineNanos - now <= 0) {
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED, kind.what + ": came past the deadline (expected: before)");
    }
    if (!tenant.spend(now)) {
      throw overloaded(
          "of tenant %s: more than its %s a second (expected: fewer)"
              .formatted(tenant.name, number(kind.rate.applyAsDouble(config.quota(tenant.name)))),
          tenant.nanosToToken());
    }
    var ticket =
        new Ticket(tenant, priority, now, now + patience(tenant, deadlineNanos - now, now));
    if (tenant.waits() == 0 && mayHave(tenant)) {
      admit(ticket, now);
      return ticket;
    }
    try {
      enqueue(ticket, now);
    } catch (HeddleException e) {
      tenant.unspend();
      throw e;
    }
    pump(now);
    return ticket;
  }

  private void enqueue(Ticket ticket, long now) {
    var tenant = ticket.tenant;
    // Behind its own, and in turn with as many others.
    double before = lasts(tenant, now) ? 1 : 1 + tenant.waits();
    long wait = (long) (before * gapNanos());
    if (kind.queue == 0 || wait > ticket.giveUpNanos - now) {
      throw refusal(tenant);
    }
    if (waiting >= kind.queue) {
      makeRoom(ticket, now);
    }
    tenant.enqueue(ticket, now);
    queued.add(tenant);
    waiting++;
  }

  /** Refuses one that waits, or else the newcomer. */
  private void makeRoom(Ticket newcomer, long now) {
    var fullest = newcomer.tenant;
    double most = (fullest.waits() + 1) / fullest.weight;
    for (var tenant : queued) {
      if (tenant.waits() / tenant.weight > most) {
        fullest = tenant;
        most = tenant.waits() / tenant.weight;
      }
    }
    if (fullest.waits() == 0) {
      throw refusal(newcomer.tenant);
    }
    var priority = fullest.fullest();
    boolean lasts = lasts(fullest, now);
    boolean own = fullest == newcomer.tenant;
    if (own && !lasts && priority == newcomer.priority) {
      throw refusal(newcomer.tenant);
    }
    var out = fullest.end(priority, lasts);
    remove(out);
    refuse(out);
  }

  private void remove(Ticket ticket) {
    ticket.tenant.remove(ticket);
    left(ticket.tenant);
  }

  private void left(Tenant tenant) {
    waiting--;
    if (tenant.waits() == 0) {
      queued.remove(tenant);
    }
  }

  private void refuse(Ticket ticket) {
    ticket.state = Ticket.State.REFUSED;
    ticket.refusal = refusal(ticket.tenant);
    ticket.tenant.unspend();
    decided.accept(ticket);
  }

  /** The request has waited until it gave up. */
  void expire(Ticket ticket) {
    if (ticket.state == Ticket.State.WAITING) {
      remove(ticket);
      refuse(ticket);
    }
  }

  /** The request went away, wherever it was. */
  void withdraw(Ticket ticket) {
    if (ticket.state == Ticket.State.WAITING) {
      remove(ticket);
      ticket.state = Ticket.State.GONE;
    } else if (ticket.state == Ticket.State.ADMITTED) {
      done(ticket, Outcome.IGNORED);
    }
  }

  /** What a request's time says about how many should be in work. */
  enum Outcome {
    SERVED,
    /** It came to its deadline, or someone behind it had no room. */
    DROPPED,
    /** Nothing. */
    IGNORED
  }

  /** The request gives its place back; only the first time counts. */
  void done(Ticket ticket, Outcome outcome) {
    if (ticket.state != Ticket.State.ADMITTED) {
      return;
    }
    long now = ticker.nanoTime();
    ticket.state = Ticket.State.GONE;
    ticket.tenant.inFlight--;
    inFlight--;
    long nanos = Math.max(1, now - ticket.admittedNanos);
    if (outcome != Outcome.IGNORED) {
      ticket.tenant.took(nanos);
      serviceNanos = serviceNanos == 0 ? nanos : serviceNanos + (nanos - serviceNanos) * SMOOTHING;
      limit.sample(
          ticket.admittedNanos - origin, nanos, ticket.inFlight, outcome == Outcome.DROPPED);
    }
    tenants.sweep(now);
    pump(now);
  }

  /** Gives free places to those who wait. */
  private void pump(long now) {
    while (waiting > 0) {
      var tenant = next();
      if (tenant == null) {
        return;
      }
      var ticket = tenant.next(lasts(tenant, now));
      left(tenant);
      if (now - ticket.giveUpNanos > 0) {
        refuse(ticket);
      } else {
        admit(ticket, now);
        decided.accept(ticket);
      }
    }
  }

  /** The tenant with the fewest places for its weight that may have one more. */
  private @Nullable Tenant next() {
    @Nullable Tenant best = null;
    for (var tenant : queued) {
      if (mayHave(tenant) && (best == null || before(tenant, best))) {
        best = tenant;
      }
    }
    return best;
  }

  private static boolean before(Tenant one, Tenant other) {
    int order =
        Double.compare((one.inFlight + 1) / one.weight, (other.inFlight + 1) / other.weight);
    return order < 0 || (order == 0 && one.servedAs < other.servedAs);
  }

  private boolean mayHave(Tenant tenant) {
    int places = limit.places();
    int share = tenants.several() ? Math.max(1, (int) (places * config.tenantShare())) : places;
    return inFlight < places && tenant.inFlight < Math.min(tenant.most, share);
  }

  private void admit(Ticket ticket, long now) {
    ticket.state = Ticket.State.ADMITTED;
    ticket.admittedNanos = now;
    ticket.tenant.inFlight++;
    ticket.tenant.servedAs = ++admissions;
    ticket.inFlight = ++inFlight;
    ticket.places = limit.places();
  }

  /** Time between places that come free, where all are taken; 0: not known. */
  private double gapNanos() {
    return serviceNanos / limit.places();
  }

  /** Whether the tenant's overload is not a short one. */
  private boolean lasts(Tenant tenant, long now) {
    return now - tenant.waitsSince(now) > longestWait();
  }

  private long longestWait() {
    long wait = config.patience().toNanos();
    return Math.clamp((long) (PATIENCE_TURNS * gapNanos()), wait, LONGEST_WAITS * wait);
  }

  private long patience(Tenant tenant, long remaining, long now) {
    long wait = longestWait();
    if (lasts(tenant, now)) {
      wait = Math.clamp((long) (PATIENCE_TURNS * gapNanos()), config.target().toNanos(), wait);
    }
    double service = tenant.serviceNanos() == 0 ? serviceNanos : tenant.serviceNanos();
    long needs = (long) Math.min(service, remaining / 2.0);
    return Math.min(wait, remaining - needs);
  }

  private HeddleException refusal(Tenant tenant) {
    long retry = (long) ((1 + waiting) * gapNanos());
    int places = limit.places();
    if (tenant.inFlight >= tenant.most) {
      return overloaded(
          "of tenant %s: %d in flight (expected: fewer than %d, its quota)"
              .formatted(tenant.name, tenant.inFlight, tenant.most),
          retry);
    }
    int share = Math.max(1, (int) (places * config.tenantShare()));
    if (tenants.several() && tenant.inFlight >= share) {
      return overloaded(
          "of tenant %s: %d in flight (expected: fewer than %d, as others need places, too)"
              .formatted(tenant.name, tenant.inFlight, share),
          retry);
    }
    return overloaded(
        "%d in flight, %d waiting (expected: fewer than %d, or a shorter wait)"
            .formatted(inFlight, waiting, places),
        retry);
  }

  private HeddleException overloaded(String how, long retryNanos) {
    long wait = Math.clamp(retryNanos, SHORTEST_RETRY.toNanos(), LONGEST_RETRY.toNanos());
    String colon = how.startsWith("of ") ? " " : ": ";
    return new HeddleException(ErrorCode.OVERLOADED, kind.what + colon + how + "; retry later")
        .withRetryAfter(Duration.ofNanos(wait));
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.2f", value);
  }

  int inFlight() {
    return inFlight;
  }

  int waiting() {
    return waiting;
  }

  int places() {
    return limit.places();
  }

  /** What each tenant has at the moment. */
  List<Standing> standings() {
    var all = new ArrayList<Standing>();
    tenants
        .all()
        .forEach(tenant -> all.add(new Standing(tenant.name, tenant.inFlight, tenant.waits())));
    return all;
  }

  /** A tenant's requests. */
  record Standing(String tenant, int inFlight, int waiting) {}
}
