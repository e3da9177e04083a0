package dev.heddle.loadtest.arrivals;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.process.Ticker;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;

/**
 * An open loop without sockets: it says what is to be sent when and on which connection, is told
 * what came of it, and counts each request from the time at which it was <em>to be sent</em>. A
 * server that stalls thus pays for all who would have come meanwhile, and not only for those whom a
 * connection let through: the omission of those is known as coordinated (Tene, How NOT to Measure
 * Latency, 2013; Schroeder et al., Open Versus Closed, NSDI 2006). Requests that are due while all
 * connections are taken wait for one in their order; they take no memory. Owned by one thread.
 */
public final class OpenLoop {
  private static final long NEVER = Long.MAX_VALUE;

  private final Arrivals arrivals;
  private final Limits limits;
  private final Ticker ticker;
  private final RequestLog requests;
  private final String name;
  private final long began;

  /** When the request on a connection was to be sent, and when it was. */
  private final long[] intended;

  private final long[] sent;
  private final long[] freeSince;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final LatencyRecorder times = new LatencyRecorder();
  private final LatencyRecorder fromSending = new LatencyRecorder();
  private final LatencyRecorder refused = new LatencyRecorder();
  private final LatencyRecorder clientLate = new LatencyRecorder();
  private final Timeline completions = new Timeline();
  private long next;
  private long arrived;
  private long failed;
  private long unsent;
  private int open;

  /**
   * How far it goes.
   *
   * @param connections 1..100,000
   * @param lengthNanos that no request arrives after
   * @param patienceNanos that a request waits for a connection at most
   */
  public record Limits(int connections, long lengthNanos, long patienceNanos) {
    public Limits {
      if (connections < 1 || connections > 100_000 || lengthNanos < 1 || patienceNanos < 1) {
        throw new IllegalArgumentException(
            "connections: %d, length: %d ns, patience: %d ns (expected: 1..100000, >= 1, >= 1)"
                .formatted(connections, lengthNanos, patienceNanos));
      }
    }
  }

  /** What came of a request. */
  public enum End {
    /** The right answer. */
    OK,
    /** The server said that it has no room for it. */
    REFUSED,
    /** Anything else. */
    FAILED
  }

  /**
   * What came of all.
   *
   * @param arrived requests; each is counted once in what follows
   * @param times of right answers, from when their requests were to be sent; and the waiting times
   *     of those that were never sent, which are lower bounds
   * @param fromSending of right answers, from when they were sent: what a closed loop would show
   * @param refused times of refusals, from when their requests were to be sent
   * @param clientLate by how much requests were sent too late though a connection was free: where
   *     this is long, the client was the limit
   * @param completions right answers over time
   * @param unsent requests that no connection was free for in time
   */
  public record Outcome(
      long arrived,
      LatencyRecorder times,
      LatencyRecorder fromSending,
      LatencyRecorder refused,
      LatencyRecorder clientLate,
      Timeline completions,
      long failed,
      long unsent,
      long nanos) {
    /** Right answers for each second. */
    public double goodput() {
      return nanos == 0 ? 0 : fromSending.count() / (nanos / 1e9);
    }
  }

  /**
   * Begins now.
   *
   * @param name of the series that requests are logged with
   */
  public OpenLoop(
      String name, Arrivals arrivals, Limits limits, Ticker ticker, RequestLog requests) {
    this.name = name;
    this.arrivals = arrivals;
    this.limits = limits;
    this.ticker = ticker;
    this.requests = requests;
    this.intended = new long[limits.connections()];
    this.sent = new long[limits.connections()];
    this.freeSince = new long[limits.connections()];
    for (int i = 0; i < limits.connections(); i++) {
      free.add(i);
    }
    Arrays.fill(intended, NEVER);
    this.began = ticker.nanoTime();
    draw();
  }

  private long now() {
    return ticker.nanoTime() - began;
  }

  private void draw() {
    long nanos = arrivals.nextNanos();
    next = nanos < limits.lengthNanos() ? nanos : NEVER;
  }

  /** The connection to send a request on now; -1: nothing is due, or no connection is free. */
  public int send() {
    long now = now();
    while (next <= now && now - next >= limits.patienceNanos()) {
      arrived++;
      unsent++;
      times.record(now - next);
      requests.add(new RequestLog.Request(name, next, now - next, "unsent"));
      draw();
    }
    if (next > now || free.isEmpty()) {
      return -1;
    }
    // The one that has rested longest: all connections take part, also in what idle ones suffer.
    int connection = free.removeFirst();
    arrived++;
    open++;
    intended[connection] = next;
    sent[connection] = now;
    clientLate.record(now - Math.max(next, freeSince[connection]));
    draw();
    return connection;
  }

  /** Nanoseconds until {@link #send} has something to do by itself; many: answers come first. */
  public long waitNanos() {
    if (next == NEVER) {
      return NEVER;
    }
    if (!free.isEmpty()) {
      return Math.max(0, next - now());
    }
    // How much longer the first one in the queue waits; written so that nothing overflows.
    long waited = now() - next;
    return Math.max(0, limits.patienceNanos() - waited);
  }

  /** The request on a connection has come to its end, and the connection is free again. */
  public void ended(int connection, End end) {
    if (intended[connection] == NEVER) {
      throw new IllegalStateException("connection: " + connection + " has no request");
    }
    long now = now();
    long whole = now - intended[connection];
    switch (end) {
      case OK -> {
        times.record(whole);
        fromSending.record(now - sent[connection]);
        completions.record(now);
      }
      case REFUSED -> refused.record(whole);
      case FAILED -> failed++;
    }
    var outcome = end.name().toLowerCase(Locale.ROOT);
    requests.add(new RequestLog.Request(name, intended[connection], whole, outcome));
    intended[connection] = NEVER;
    freeSince[connection] = now;
    free.addLast(connection);
    open--;
  }

  /** Whether all requests have arrived and have come to an end. */
  public boolean done() {
    return next == NEVER && open == 0;
  }

  /** What came of it up to now. */
  public Outcome outcome() {
    return new Outcome(
        arrived, times, fromSending, refused, clientLate, completions, failed, unsent, now());
  }
}
