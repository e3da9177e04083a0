package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Rounds of publishing to receivers of one server. Owned by one thread.
 *
 * @param pids of the server's processes
 * @param ready whether all receivers wait for the next frame
 */
record Rounds(
    String name,
    RoundBook book,
    Publisher publisher,
    Supplier<List<Long>> pids,
    BooleanSupplier ready) {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(5);
  private static final int LOOKS = 6_000;

  /**
   * Publishes, each time when everyone has what was published before.
   *
   * @param findings takes what was wrong
   * @return what they took
   */
  RoundBook.Outcome run(String label, int rounds, Findings findings) throws InterruptedException {
    var outcome = run(rounds);
    outcome.failures().forEach(failure -> findings.problem(label + ": " + failure));
    return outcome;
  }

  /** As {@link #run(String, int, Findings)}, where somebody else tells what was wrong. */
  RoundBook.Outcome run(int rounds) throws InterruptedException {
    for (int i = 0; i < rounds; i++) {
      awaitReady();
      try {
        publisher.publish(book.begin());
      } catch (IOException e) {
        book.failed(e.toString());
        break;
      }
      if (!book.await(LIMIT)) {
        break;
      }
    }
    return book.take();
  }

  /** Rounds that count: their series and figures. */
  void measure(int run, int rounds, int receivers, Findings findings) throws InterruptedException {
    var label = name + ", run " + run;
    var cpu = new CpuShare(pids.get());
    var outcome = run(label, rounds, findings);
    tell(name, run, rounds, receivers, outcome, cpu.per(outcome.each().count()), findings);
  }

  /**
   * Tells of rounds that count.
   *
   * @param cpu figures of processor time for each frame
   */
  static void tell(
      String name,
      int run,
      int rounds,
      int receivers,
      RoundBook.Outcome outcome,
      Map<String, Double> cpu,
      Findings findings) {
    findings.series(name + ", each, run " + run, outcome.each(), cpu, new Timeline());
    findings.series(name + ", last of a round, run " + run, outcome.last());
    if (outcome.each().count() != (long) rounds * receivers) {
      findings.problem(
          "%s, run %d: %d frames received (expected: %d)"
              .formatted(name, run, outcome.each().count(), (long) rounds * receivers));
    }
    findings.figure(name + "EachP50Micros", outcome.each().percentiles().p50());
    findings.figure(name + "EachP99Micros", outcome.each().percentiles().p99());
    findings.figure(name + "LastP50Micros", outcome.last().percentiles().p50());
    findings.figure(name + "LastP99Micros", outcome.last().percentiles().p99());
  }

  private void awaitReady() throws InterruptedException {
    for (int i = 0; i < LOOKS; i++) {
      if (ready.getAsBoolean()) {
        return;
      }
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE, name + ": its receivers do not come back (expected: within 30 s)");
  }
}
