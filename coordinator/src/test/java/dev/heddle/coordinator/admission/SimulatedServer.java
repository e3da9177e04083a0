package dev.heddle.coordinator.admission;

import dev.heddle.coordinator.admission.FairQueue.Outcome;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A server behind a {@link FairQueue}: processors that all requests in work share, and that lose
 * some of their time to each request beyond their number. Clients come at random, and do not come
 * again. Of one seed; time moves from event to event.
 */
final class SimulatedServer {
  /** Mean of what requests work, in nanoseconds: nine of ten 2 ms, one 32 ms, exponentially. */
  static final double MEAN_NANOS = 0.9 * 2e6 + 0.1 * 32e6;

  /** Requests a second that the server can work off. */
  static double capacity(int processors) {
    return processors / MEAN_NANOS * 1e9;
  }

  /** What each request beyond the processors takes of their time. */
  private static final double CROWDING = 0.01;

  /** Clients of one kind. */
  record Stream(String tenant, Priority priority, double perSecond, Duration deadline) {}

  /** What became of a stream's requests. */
  static final class Count {
    int sent;
    int good;
    int late;
    int refused;
    final List<Double> millis = new ArrayList<>();
    double longestRefusalMillis;

    double median() {
      return quantile(0.5);
    }

    double quantile(double q) {
      if (millis.isEmpty()) {
        return Double.NaN;
      }
      millis.sort(Comparator.naturalOrder());
      return millis.get((int) Math.min(millis.size() - 1, q * millis.size()));
    }
  }

  /** Counts by stream. */
  record Counts(Map<Stream, Count> all) {
    Count of(Stream stream) {
      return Objects.requireNonNull(all.get(stream));
    }
  }

  private static final class Job {
    final Stream stream;
    final Ticket ticket;
    final long deadline;
    double finish;

    Job(Stream stream, Ticket ticket, long deadline) {
      this.stream = stream;
      this.ticket = ticket;
      this.deadline = deadline;
    }
  }

  final ManualTicker ticker = new ManualTicker();
  final FairQueue queue;
  private final int processors;
  private final Random random;
  private final Map<Ticket, Job> jobs = new HashMap<>();
  private final PriorityQueue<Job> running =
      new PriorityQueue<>(Comparator.comparingDouble((Job job) -> job.finish));
  private final PriorityQueue<Job> patience =
      new PriorityQueue<>(
          (one, other) -> Long.signum(one.ticket.giveUpNanos - other.ticket.giveUpNanos));
  private Map<Stream, Count> counts = new HashMap<>();

  /** Work that each request in the server has had since the beginning. */
  private double attained;

  private double slowdown = 1;

  SimulatedServer(AdmissionConfig config, int most, int processors, long seed) {
    this.processors = processors;
    this.random = new Random(seed);
    this.queue =
        new FairQueue(
            FairQueue.Kind.queries(config),
            config,
            ConcurrencyLimit.of(config, most),
            ticker,
            this::decided);
  }

  /** From now on everything takes so many times as long. */
  void slowdown(double factor) {
    slowdown = factor;
  }

  /** Runs the streams, and gives what became of what they sent meanwhile. */
  Counts run(List<Stream> streams, Duration time) {
    counts = new HashMap<>();
    streams.forEach(stream -> counts.put(stream, new Count()));
    long end = ticker.nanoTime() + time.toNanos();
    long[] next = new long[streams.size()];
    for (int i = 0; i < next.length; i++) {
      next[i] = ticker.nanoTime() + gap(streams.get(i));
    }
    while (true) {
      int first = 0;
      for (int i = 1; i < next.length; i++) {
        if (next[i] - next[first] < 0) {
          first = i;
        }
      }
      long arrival = next[first];
      if (!serveUntil(arrival - end < 0 ? arrival : end)) {
        continue;
      }
      if (arrival - end >= 0) {
        return new Counts(counts);
      }
      next[first] = arrival + gap(streams.get(first));
      arrive(streams.get(first));
    }
  }

  private long gap(Stream stream) {
    return Math.max(1, (long) (-Math.log(1 - random.nextDouble()) / stream.perSecond() * 1e9));
  }

  private void arrive(Stream stream) {
    Count count = count(stream);
    count.sent++;
    long deadline = ticker.nanoTime() + stream.deadline().toNanos();
    try {
      var ticket = queue.offer(stream.tenant(), stream.priority(), deadline);
      var job = new Job(stream, ticket, deadline);
      if (ticket.state == Ticket.State.ADMITTED) {
        start(job);
      } else if (ticket.state == Ticket.State.WAITING) {
        jobs.put(ticket, job);
        patience.add(job);
      } else {
        refused(job);
      }
    } catch (HeddleException e) {
      count.refused++;
    }
  }

  private void decided(Ticket ticket) {
    @Nullable Job job = jobs.remove(ticket);
    if (job == null) {
      return;
    }
    patience.remove(job);
    if (ticket.state == Ticket.State.ADMITTED) {
      start(job);
    } else {
      refused(job);
    }
  }

  private void refused(Job job) {
    Count count = count(job.stream);
    count.refused++;
    double waited = (ticker.nanoTime() - job.ticket.arrivedNanos) / 1e6;
    count.longestRefusalMillis = Math.max(count.longestRefusalMillis, waited);
  }

  private void start(Job job) {
    double mean = random.nextInt(10) == 0 ? 32e6 : 2e6;
    job.finish = attained - Math.log(1 - random.nextDouble()) * mean;
    running.add(job);
  }

  /** Of what follows since the server was empty, time that a request in it gets of a nanosecond. */
  private double speed() {
    int inWork = running.size();
    double crowd = 1 + CROWDING * Math.max(0, inWork - processors) / processors * 8;
    return Math.min(1, (double) processors / inWork) / crowd / slowdown;
  }

  /** Works until then, or until something ends before; whether it is then. */
  private boolean serveUntil(long then) {
    long now = ticker.nanoTime();
    @Nullable Job tired = patience.peek();
    long stop = then;
    if (tired != null && tired.ticket.giveUpNanos + 1 - stop < 0) {
      stop = tired.ticket.giveUpNanos + 1;
    }
    @Nullable Job job = running.peek();
    if (job != null) {
      long left = (long) Math.ceil(Math.max(0, job.finish - attained) / speed());
      if (now + left - stop < 0) {
        pass(left);
        finish(job);
        return false;
      }
    }
    pass(Math.max(0, stop - now));
    if (stop != then && tired != null) {
      queue.expire(tired.ticket);
      return false;
    }
    return true;
  }

  private void pass(long nanos) {
    if (!running.isEmpty()) {
      attained += nanos * speed();
    }
    ticker.advance(Duration.ofNanos(nanos));
  }

  private void finish(Job job) {
    running.remove(job);
    Count count = count(job.stream);
    boolean late = ticker.nanoTime() - job.deadline > 0;
    if (late) {
      count.late++;
    } else {
      count.good++;
    }
    count.millis.add((ticker.nanoTime() - job.ticket.arrivedNanos) / 1e6);
    queue.done(job.ticket, late ? Outcome.DROPPED : Outcome.SERVED);
  }

  private Count count(Stream stream) {
    return counts.computeIfAbsent(stream, unknown -> new Count());
  }
}
