package dev.heddle.loadtest.search;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.loadtest.search.Subject.Seat;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The clients of one subject, each of which sends its next query when it has the answer to the
 * last; their places last from run to run. Owned by one thread.
 */
final class SubjectClients implements AutoCloseable {
  private static final int MOST_FAILURES = 5;

  private final Subject subject;
  private final List<Seat> seats = new ArrayList<>();
  private final Ticker ticker;
  private final Closer closer = new Closer();

  /**
   * What came of a run.
   *
   * @param completions when answers were there
   * @param nanos from the first query to the last answer
   */
  record Outcome(LatencyRecorder times, Timeline completions, long nanos, List<String> failures) {
    double perSecond() {
      return nanos == 0 ? 0 : times.count() * 1e9 / nanos;
    }
  }

  SubjectClients(Subject subject, int most, Ticker ticker) {
    this.subject = subject;
    this.ticker = ticker;
    try {
      for (int i = 0; i < most; i++) {
        seats.add(closer.register("client " + i, subject.seat()));
      }
    } catch (IOException | RuntimeException e) {
      closer.closeAfter(e);
      throw new HeddleException(ErrorCode.UNAVAILABLE, subject.name() + ": " + e.getMessage(), e);
    }
  }

  Subject subject() {
    return subject;
  }

  /** The first client's answer to one query, outside of all measurements. */
  Found ask(int query) throws InterruptedException {
    try {
      return seats.getFirst().ask(query).read();
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, subject.name() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Sends the queries of a schedule, each client the next one that nobody has taken.
   *
   * @param name of the series that requests are logged with
   * @param clients at most as many as there are places
   */
  Outcome run(String name, int[] schedule, int clients, RequestLog log)
      throws InterruptedException {
    var next = new AtomicInteger();
    var tallies = new ArrayList<Outcome>();
    var threads = new ArrayList<Thread>();
    var factory = Threads.named("search-client");
    long began = ticker.nanoTime();
    for (int i = 0; i < clients; i++) {
      var seat = seats.get(i);
      var tally = new Outcome(new LatencyRecorder(), new Timeline(), 0, new ArrayList<>());
      tallies.add(tally);
      threads.add(factory.newThread(() -> drive(seat, name, schedule, next, began, tally, log)));
    }
    threads.forEach(Thread::start);
    try {
      for (var thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      // Their reads do not see interrupts; closed connections they do.
      next.set(schedule.length);
      close();
      throw e;
    }
    long nanos = ticker.nanoTime() - began;
    var times = new LatencyRecorder();
    var completions = new Timeline();
    var failures = new ArrayList<String>();
    for (var tally : tallies) {
      times.add(tally.times());
      completions.add(tally.completions());
      failures.addAll(tally.failures());
    }
    return new Outcome(times, completions, nanos, failures);
  }

  private void drive(
      Seat seat,
      String name,
      int[] schedule,
      AtomicInteger next,
      long began,
      Outcome tally,
      RequestLog log) {
    for (int at = next.getAndIncrement();
        at < schedule.length && tally.failures().size() < MOST_FAILURES;
        at = next.getAndIncrement()) {
      long sent = ticker.nanoTime();
      var outcome = "ok";
      try {
        var _ = seat.ask(schedule[at]);
      } catch (IOException | RuntimeException e) {
        tally.failures().add(name + ": " + e);
        outcome = "failed";
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      long ended = ticker.nanoTime();
      if (outcome.equals("ok")) {
        tally.times().record(ended - sent);
        tally.completions().record(ended - began);
      }
      log.add(new RequestLog.Request(name, sent - began, ended - sent, outcome));
    }
  }

  @Override
  public void close() {
    closer.close();
  }
}
